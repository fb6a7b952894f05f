#include "kernel/flow_entry.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "kernel/config.h"

namespace beeline::kernel {
namespace {

const char* state_text(abi::FlowState state, bool current) {
    switch (state) {
        case abi::FlowState::denied:
            return "denied";
        case abi::FlowState::closing:
        case abi::FlowState::closed:
            return "closing";
        case abi::FlowState::opening:
        case abi::FlowState::one_way:
        case abi::FlowState::established:
        case abi::FlowState::answered:
        case abi::FlowState::echo:
            break;
    }
    if (!current) return "stale";
    return state == abi::FlowState::opening || state == abi::FlowState::one_way ? "new" : "established";
}

const char* deliver_text(abi::u8 deliver) {
    switch (static_cast<abi::Deliver>(deliver)) {
        case abi::Deliver::denied:
            return "denied";
        case abi::Deliver::peer:
            return "peer";
        case abi::Deliver::veth:
            return "veth";
        case abi::Deliver::stack:
            return "stack";
        case abi::Deliver::host:
            return "host";
        case abi::Deliver::neigh:
            return "neigh";
        case abi::Deliver::routed:
            return "routed";
        case abi::Deliver::tunnel:
            return "tunnel";
    }
    return "unknown";
}

template <class Flow>
std::uint32_t epoch_sum(const Flow& flow, std::span<std::uint32_t> epochs) {
    std::uint32_t sum = std::atomic_ref(epochs[abi::slot_global]).load();
    for (const abi::u16 slot : flow.slot)
        sum += std::atomic_ref(epochs[slot % abi::epoch_slots]).load();
    return sum;
}

bool speaks_to(const std::vector<plan::FrontendKey>& service, const plan::FlowEntry& entry) {
    const plan::FrontendKey asked = entry.reply ? plan::FrontendKey{entry.new_saddr, entry.new_sport, entry.proto}
                                                : plan::FrontendKey{entry.daddr, entry.dport, entry.proto};
    if (std::ranges::find(service, asked) != service.end()) return true;
    // A node port is one of every address of the node: the flow tells by being translated.
    const bool translated = entry.daddr != entry.new_daddr || entry.saddr != entry.new_saddr ||
                            entry.dport != entry.new_dport || entry.sport != entry.new_sport;
    const plan::FrontendKey any{Addr{.family = asked.addr.family}, asked.port, asked.proto};
    return translated && std::ranges::find(service, any) != service.end();
}

}  // namespace

template <class F>
plan::FlowEntry tuples_of(const typename F::FlowKey& key, const typename F::Flow& flow) {
    plan::FlowEntry entry;
    entry.saddr = value_addr(key.saddr);
    entry.daddr = value_addr(key.daddr);
    entry.sport = value_port(key.sport);
    entry.dport = value_port(key.dport);
    entry.proto = static_cast<Proto>(key.proto);
    entry.new_saddr = value_addr(flow.saddr);
    entry.new_daddr = value_addr(flow.daddr);
    entry.new_sport = value_port(flow.sport);
    entry.new_dport = value_port(flow.dport);
    entry.reply = abi::is_reply(flow);
    return entry;
}

template <class F>
void describe(const FlowRow<F>& row, const FlowContext& context, plan::FlowEntry& entry) {
    const auto& flow = row.flow;
    const auto state = abi::flow_state(row.key.proto, flow, row.twin);
    const auto timeout = abi::timeout_of(state, context.timeouts);
    const auto idle = abi::pair_silence(flow, row.twin, context.now);
    entry.current = flow.stamp == abi::flow_stamp(row.key, flow, epoch_sum(flow, context.epochs));
    entry.state = state_text(state, entry.current);
    entry.deliver = deliver_text(flow.deliver);
    // An entry knows the connection's ends by who opened it; this row is of one direction.
    entry.source = IdentityId{entry.reply ? flow.dst_identity : flow.src_identity};
    entry.destination = IdentityId{entry.reply ? flow.src_identity : flow.dst_identity};
    entry.in_if = Ifindex{flow.in_if};
    entry.out_if = context.device(flow.hop);
    entry.packets = flow.packets;
    entry.bytes = flow.bytes;
    entry.idle = flow_seconds(abi::silence(flow.last, context.now), context.hz);
    entry.expires = flow_seconds(timeout > idle ? timeout - idle : 0, context.hz);
}

template plan::FlowEntry tuples_of<V4>(const abi::FlowKey4&, const abi::Flow4&);
template plan::FlowEntry tuples_of<V6>(const abi::FlowKey6&, const abi::Flow6&);
template void describe<V4>(const FlowRow<V4>&, const FlowContext&, plan::FlowEntry&);
template void describe<V6>(const FlowRow<V6>&, const FlowContext&, plan::FlowEntry&);

bool matches_tuple(const plan::FlowFilter& filter, const plan::FlowEntry& entry) {
    if (filter.family && *filter.family != entry.saddr.family) return false;
    if (filter.proto && *filter.proto != entry.proto) return false;
    const std::array sides{&entry.saddr, &entry.daddr, &entry.new_saddr, &entry.new_daddr};
    const auto any = [&](auto&& fits) { return std::ranges::any_of(sides, fits); };
    if (filter.addr && !any([&](const Addr* side) { return filter.addr->contains(*side); })) return false;
    if (filter.addrs &&
        !any([&](const Addr* side) { return std::ranges::find(*filter.addrs, *side) != filter.addrs->end(); }))
        return false;
    if (filter.service && !speaks_to(*filter.service, entry)) return false;
    const std::array ports{entry.sport, entry.dport, entry.new_sport, entry.new_dport};
    return !filter.port || std::ranges::find(ports, *filter.port) != ports.end();
}

}  // namespace beeline::kernel
