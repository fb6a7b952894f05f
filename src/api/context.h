// What the resources work on. They read; the only way to change anything is an edit handed to the agent's loop.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flow/journal.h"
#include "model/problem.h"
#include "plan/inspect.h"
#include "store/store.h"

namespace beeline::api {

struct ManifestText {
    std::string file;  // of its path, the last component is what stands in messages
    std::string text;
};
// Of one file.
struct Validation {
    std::string file;
    std::vector<model::Object> objects;  // what would be in force
    std::vector<model::Problem> problems;
    std::vector<std::string> ignored;  // documents of kinds Beeline does not act on
};

class Editor {
public:
    struct Added {
        EndpointId id;
        bool created = false;  // false: it existed already
    };
    virtual ~Editor() = default;
    // `done` is called once, later or at once, on the loop's thread: when the endpoint is in force, or with the
    // error, and then nothing of the edit is left.
    virtual void add_endpoint(store::EndpointRequest request, std::function<void(Result<Added>)> done) = 0;
    virtual void remove_endpoint(EndpointId id, std::function<void(Result<>)> done) = 0;
    // What the store would say if these files stood in the manifest directory, together with those that do. Changes
    // nothing. One answer a file, in their order.
    virtual std::vector<Validation> validate(const std::vector<ManifestText>& files) = 0;
};

struct Context {
    std::string version;
    std::int64_t started_ms = 0;  // Unix time
    const store::Store& store;
    plan::Inspector& inspector;
    flow::Journal& journal;
    Editor& editor;
    std::function<std::shared_ptr<const plan::Plan>()> plan;  // the last one compiled; never null
    // Runs something in a later turn of the agent's loop. Empty, as in tests: there is no loop to keep free.
    std::function<void(std::function<void()>)> later{};
    std::vector<std::string> notes{};  // what the agent itself found wrong when it started, for /v1/status
};

}  // namespace beeline::api
