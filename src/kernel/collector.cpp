#include "kernel/collector.h"

#include <utility>

namespace beeline::kernel {

// The originator's entry speaks for its pair. An answer's entry is only of interest where the other one is missing, so
// it is judged as if it were. Of a connection that looks established the other entry may know that it has ended, which
// is rare (this one is told, too), and tables are full of idle connections: they are asked about now and then.
template <class F>
bool Collector<F>::is_candidate(const Key& key, const Flow& flow, std::uint32_t now) const {
    const Flow* nobody = nullptr;
    const bool over = abi::is_over(abi::flow_age(key.proto, flow, nobody, now), timeouts_);
    if (abi::is_reply(flow)) return over;
    if (abi::silence(flow.last, now) <= shortest_timeout(key.proto, timeouts_)) return false;
    const bool ending = (flow.tcp & (abi::tcp_fin | abi::tcp_rst)) != 0 || flow.stamp == abi::stamp_dead;
    return over || ending || key.proto != abi::proto_tcp || walks_ % thorough_walk == 0;
}

// What a container has of its quota. A closed connection is nobody's: it leaves by itself, and makes room for who
// comes.
template <class Flow>
bool counts(const Flow& flow) {
    return !abi::is_reply(flow) && flow.in_if != 0 && (flow.flags & abi::flow_closed) == 0;
}

template <class F>
void Collector<F>::look_at(const Key& key, const Flow& flow, std::uint32_t now) {
    if (counts(flow)) counting_[Ifindex{flow.in_if}]++;
    count_load<F>(key, flow, loads_counting_);
    if (!is_candidate(key, flow, now)) return;
    const bool marked = flow.stamp == abi::stamp_dead;  // by the walk before this one
    candidates_.push_back(candidate(key, marked ? abi::Collect::remove : abi::Collect::mark));
}

template <class F>
void Collector<F>::finish() {
    walk_.finished = true;
    census_ = std::exchange(counting_, {});
    loads_ = std::exchange(loads_counting_, loads_wanted_);
    entries_ = walk_.seen - gone_;
    gone_ = 0;
    walks_++;
}

template <class F>
Result<SweepStep> Collector<F>::step(std::uint32_t now) {
    const auto chunk = TRY(flows_.next());
    if (walk_.finished) walk_ = {};
    walk_.seen += chunk.entries.size();
    candidates_.clear();
    for (const auto& [key, flow] : chunk.entries)
        look_at(key, flow, now);
    CHECK(reaper_.run(candidates_));
    for (const abi::Candidate& row : candidates_) {
        walk_.marked += row.marked;
        walk_.removed += row.removed;
        gone_ += row.removed != 0;
    }
    if (chunk.last) finish();
    return walk_;
}

template class Collector<V4>;
template class Collector<V6>;

}  // namespace beeline::kernel
