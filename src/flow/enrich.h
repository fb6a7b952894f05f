// Event + names -> FlowRecord. Events arrive a little after the state they were decided under: pods and policies
// that are gone keep their names for `linger`.
#pragma once
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>

#include "flow/names.h"

namespace beeline::flow {

class Enricher {
public:
    static constexpr std::chrono::seconds linger{60};
    static constexpr std::size_t remembered = 4096;  // things gone; the oldest are forgotten first

    explicit Enricher(model::SnapshotPtr snapshot);

    // A new state is in force. Any thread. Cheap: names are made when the next event needs them.
    void update(model::SnapshotPtr snapshot, std::chrono::steady_clock::time_point now);

    // unix_minus_monotonic_ns: CLOCK_REALTIME - CLOCK_MONOTONIC. One thread.
    FlowRecord enrich(const Event& event, std::int64_t unix_minus_monotonic_ns);

private:
    struct Gone {
        std::chrono::steady_clock::time_point when;
        std::shared_ptr<const model::Endpoint> endpoint;     // either this …
        std::shared_ptr<const model::NetworkPolicy> policy;  // … or this
    };
    void refresh();
    // Nothing: the names are those of the state in force.
    std::optional<std::deque<Gone>> take_news(model::SnapshotPtr& snapshot);

    std::mutex mutex_;
    model::SnapshotPtr snapshot_;
    std::deque<Gone> gone_;
    bool stale_ = true;
    Names names_;  // the reader's alone
};

}  // namespace beeline::flow
