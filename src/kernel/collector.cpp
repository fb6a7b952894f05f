#include "kernel/collector.h"

namespace beeline::kernel {

template <class F>
Result<bool> Collector<F>::expired(const Key& key, const Flow& flow, std::uint32_t now) {
    // Most entries are young: their own stamp says so without a look at the twin.
    PairState state = pair_state<Key, Flow>(key, flow, nullptr);
    state.flags |= abi::flow_closed;  // the shortest a TCP pair can have
    if (key.proto == abi::proto_tcp && idle_of(state, now) <= std::min(timeouts_.tcp_closing, timeouts_.tcp_syn))
        return false;
    const auto twin = TRY(flows_.lookup(abi::reply_key(key, flow)));
    state = pair_state(key, flow, twin ? &*twin : nullptr);
    return idle_of(state, now) > timeout_of(state, timeouts_);
}

template <class F>
Result<> Collector<F>::remove(const Key& key, std::uint32_t now) {
    const auto flow = TRY(flows_.lookup(key));  // as it is now, not as the chunk has it
    if (!flow || !TRY(expired(key, *flow, now))) return {};
    const Key twin = abi::reply_key(key, *flow);
    for (const Key& half : {twin, key})
        if (TRY(flows_.erase(half))) walk_.removed++;
    return {};
}

template <class F>
Result<> Collector<F>::look_at(const Key& key, const Flow& flow, std::uint32_t now) {
    if (!TRY(expired(key, flow, now))) return {};
    if (before_.contains(key)) return remove(key, now);
    now_.insert(key);
    return {};
}

template <class F>
Result<SweepStep> Collector<F>::step(std::uint32_t now) {
    const auto chunk = TRY(flows_.next());
    if (walk_.finished) walk_ = {};
    walk_.seen += chunk.entries.size();
    for (const auto& [key, flow] : chunk.entries)
        CHECK(look_at(key, flow, now));
    if (chunk.last) {
        walk_.finished = true;
        before_ = std::exchange(now_, {});
    }
    return walk_;
}

template class Collector<V4>;
template class Collector<V6>;

}  // namespace beeline::kernel
