// store -> compile -> plan -> kernel -> Status -> store, and the edits that go in at its head. Edits are collected:
// whatever has come in when the loop gets to it goes through in one pass, and every one is answered after it.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/context.h"
#include "apps/agent/state.h"
#include "compile/compile.h"
#include "flow/enrich.h"
#include "plan/status.h"
#include "store/store.h"

namespace beeline::agent {

class Pipeline final : public api::Editor {
public:
    struct Seams {
        store::Store& store;
        StateFolder& state;
        flow::Enricher& enricher;
        std::function<plan::Status(const plan::Plan&)> apply;            // to the kernel
        std::function<Result<std::uint64_t>(const std::string&)> netns;  // inode of a path, see netns.h
        std::function<void()> schedule;  // call run() soon, on the loop; not from within the call
        std::function<void(const std::string&)> warn;
        // Pods whose probes do not succeed, of this snapshot; null where nobody probes.
        std::function<std::set<model::Name>(const model::Snapshot&)> failing{};
    };
    explicit Pipeline(Seams seams);

    // What an earlier agent left; before anything else. Containers whose namespace is gone are forgotten.
    // Errors: io.
    Result<std::vector<std::string>> restore();

    void apply(std::vector<store::FileEdit> edits);
    void set_unmasked(std::vector<Prefix> unmasked);
    void set_failing(std::set<model::Name> pods);
    // Brings the kernel to the store's state, then answers the edits that waited.
    void run();
    // The same also if nothing changed: after a resync, or when a namespace may have vanished.
    void take(const plan::Status& status);

    std::shared_ptr<const plan::Plan> plan() const { return plan_; }
    // What the next pass brings to the kernel, as far as is known now.
    plan::Plan draft() { return compiler_.compile(*seams_.store.current()); }

    void add_endpoint(store::EndpointRequest request, std::function<void(Result<Added>)> done) override;
    void remove_endpoint(EndpointId id, std::function<void(Result<>)> done) override;
    std::vector<api::Validation> validate(const std::vector<api::ManifestText>& files) override;

private:
    struct Adding {
        Added added;
        std::function<void(Result<Added>)> done;
    };
    struct Removing {
        EndpointId id;
        std::function<void(Result<>)> done;
    };
    Result<Added> begin_add(store::EndpointRequest request);
    bool save_tables();
    void settle();
    bool pass();
    void forget_lost(const plan::Status& status);
    void forget(EndpointId id);
    void answer();
    Result<Added> outcome(const Added& added) const;
    void request_run();

    Seams seams_;
    compile::Compiler compiler_;
    std::shared_ptr<const plan::Plan> plan_;
    plan::Status status_;
    std::vector<Adding> adding_;
    std::vector<Removing> removing_;
    bool scheduled_ = false, first_ = true;
    std::uint64_t saved_ = 0;  // version of the store's tables; 0: none
};

}  // namespace beeline::agent
