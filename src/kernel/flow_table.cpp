#include "kernel/flow_table.h"

#include <algorithm>
#include <atomic>

#include "base/time.h"
#include "kernel/config.h"

namespace beeline::kernel {
namespace {

std::string state_text(const PairState& state, bool current) {
    if (state.denied) return "denied";
    if (state.proto == abi::proto_tcp && is_closing(state)) return "closing";
    if (!current) return "stale";
    return state.replied ? "established" : "new";
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

template <class F>
Result<ebpf::Map<typename F::FlowKey, typename F::Flow>> typed(const Datapath& datapath, std::string name) {
    name += F::family == Family::v4 ? "4" : "6";
    const EbpfMapIo* map = datapath.find_map(name);
    if (map == nullptr) return fail(Errc::not_found, "the object has no map " + name);
    auto raw = TRY(result_of(map->raw().duplicate()));
    return result_of(ebpf::Map<typename F::FlowKey, typename F::Flow>::from_raw(std::move(raw)));
}

}  // namespace

std::uint32_t FlowTable::Clock::now() const {
    return flow_time(monotonic_ns(), hz);
}

template <class F>
Result<std::unique_ptr<FlowTable::Tables<F>>> FlowTable::open_tables(const Datapath& datapath,
                                                                     const FlowTimeouts& timeouts) {
    auto walked = TRY(typed<F>(datapath, "bl_flows"));
    auto kept = TRY(typed<F>(datapath, "bl_flows"));
    auto young = TRY(typed<F>(datapath, "bl_young"));
    return std::make_unique<Tables<F>>(std::move(walked), std::move(kept), std::move(young), timeouts);
}

Result<std::unique_ptr<FlowTable>> FlowTable::open(const Datapath& datapath, const abi::Config& config, Clock clock) {
    std::unique_ptr<FlowTable> table(new FlowTable(datapath, config, clock));
    table->v4_ = TRY(open_tables<V4>(datapath, table->timeouts_));
    table->v6_ = TRY(open_tables<V6>(datapath, table->timeouts_));
    return table;
}

template <class F>
Result<SweepStep> FlowTable::sweep_family(Tables<F>& tables) {
    auto step = TRY(tables.collector.step(clock_.now()));
    if (step.finished) {
        walking_v6_ = F::family == Family::v4;
        tables.entries = step.seen - std::min(step.seen, step.removed);
    }
    return step;
}

Result<SweepStep> FlowTable::sweep() {
    if (!walking_v6_) {
        auto step = TRY(sweep_family(*v4_));
        step.finished = false;  // IPv6 is still to be walked
        return step;
    }
    auto step = TRY(sweep_family(*v6_));
    if (step.finished) renew_budget();
    return step;
}

// A quarter of the free entries for each CPU, under a new generation (bpf/lib/remember.h).
void FlowTable::renew_budget() {
    const EbpfMapIo* map = datapath_.find_map("bl_tcp_budget");
    auto cpus = ebpf::possible_cpus();
    if (map == nullptr || !cpus || *cpus == 0) return;
    auto cell = ebpf::map_array<std::uint64_t>(map->raw());
    if (!cell || cell->size() == 0) return;
    auto free = [](const auto& tables) {
        const std::size_t most = tables.collector.max_entries();
        return most - std::min(most, tables.entries);
    };
    const std::uint64_t amount = std::min(free(*v4_), free(*v6_)) / 4 / *cpus;
    std::atomic_ref budget((*cell)[0]);
    const std::uint64_t generation = (budget.load() >> 32) + 1;
    budget.store(generation << 32 | amount, std::memory_order_release);
}

std::uint32_t FlowTable::ifindex_of_hop(std::uint32_t hop) const {
    abi::Hop row{};
    EbpfMapIo* hops = datapath_.find_map("bl_hops");
    if (hops == nullptr || !hops->lookup(bytes_of(hop), writable_bytes_of(row))) return 0;
    return row.ifindex;
}

template <class F>
plan::FlowEntry FlowTable::entry_of(const typename F::FlowKey& key, const typename F::Flow& flow,
                                    const typename F::Flow* twin) const {
    const PairState state = pair_state(key, flow, twin);
    const std::uint32_t now = clock_.now();
    const auto timeout = timeout_of(state, timeouts_), idle = idle_of(state, now);
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
    entry.reply = (flow.flags & abi::flow_reply) != 0;
    entry.current = flow.stamp == abi::flow_stamp(key, flow, epoch_sum(flow, datapath_.epochs()));
    entry.state = state_text(state, entry.current);
    entry.deliver = deliver_text(flow.deliver);
    // An entry knows the connection's ends by who opened it; this row is of one direction.
    entry.source = IdentityId{entry.reply ? flow.dst_identity : flow.src_identity};
    entry.destination = IdentityId{entry.reply ? flow.src_identity : flow.dst_identity};
    entry.in_if = Ifindex{flow.in_if};
    entry.out_if = Ifindex{ifindex_of_hop(flow.hop)};
    entry.packets = flow.packets;
    entry.bytes = flow.bytes;
    entry.idle = flow_seconds(later(now, flow.last) ? now - flow.last : 0, clock_.hz);
    entry.expires = flow_seconds(timeout > idle ? timeout - idle : 0, clock_.hz);
    return entry;
}

template <class F>
Result<> FlowTable::list(const Tables<F>& tables, const plan::FlowFilter& filter,
                         std::vector<plan::FlowEntry>& into) const {
    if (filter.family && *filter.family != F::family) return {};
    for (const auto* map : {&tables.kept, &tables.young}) {
        CHECK(result_of(map->for_each([&](const typename F::FlowKey& key, const typename F::Flow& flow) {
            auto twin = map->lookup(abi::reply_key(key, flow));
            plan::FlowEntry entry = entry_of<F>(key, flow, twin && *twin ? &**twin : nullptr);
            entry.young = map == &tables.young;
            if (matches(filter, entry)) into.push_back(std::move(entry));
            return filter.limit == 0 || into.size() < filter.limit;
        })));
    }
    return {};
}

Result<std::vector<plan::FlowEntry>> FlowTable::flows(const plan::FlowFilter& filter) const {
    std::vector<plan::FlowEntry> entries;
    CHECK(list(*v4_, filter, entries));
    if (filter.limit == 0 || entries.size() < filter.limit) CHECK(list(*v6_, filter, entries));
    return entries;
}

template <class F>
Result<std::size_t> FlowTable::flush_family(const Tables<F>& tables, const plan::FlowFilter& filter) {
    std::size_t removed = 0;
    if (filter.family && *filter.family != F::family) return removed;
    for (const auto* map : {&tables.kept, &tables.young}) {
        std::vector<typename F::FlowKey> keys;
        CHECK(result_of(map->for_each([&](const typename F::FlowKey& key, const typename F::Flow& flow) {
            if (!matches(filter, entry_of<F>(key, flow, nullptr))) return;
            keys.push_back(key);
            keys.push_back(abi::reply_key(key, flow));
        })));
        for (const auto& key : keys)
            if (TRY(result_of(map->remove(key)))) removed++;
    }
    return removed;
}

Result<std::size_t> FlowTable::flush(const plan::FlowFilter& filter) {
    const std::size_t removed = TRY(flush_family(*v4_, filter));
    return removed + TRY(flush_family(*v6_, filter));
}

bool matches(const plan::FlowFilter& filter, const plan::FlowEntry& entry) {
    if (filter.family && *filter.family != entry.saddr.family) return false;
    if (filter.proto && *filter.proto != entry.proto) return false;
    if (filter.addr) {
        const Addr* sides[] = {&entry.saddr, &entry.daddr, &entry.new_saddr, &entry.new_daddr};
        if (std::ranges::none_of(sides, [&](const Addr* side) { return filter.addr->contains(*side); })) return false;
    }
    if (!filter.port) return true;
    const Port sides[] = {entry.sport, entry.dport, entry.new_sport, entry.new_dport};
    return std::ranges::find(sides, *filter.port) != std::end(sides);
}

}  // namespace beeline::kernel
