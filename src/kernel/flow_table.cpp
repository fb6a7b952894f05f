#include "kernel/flow_table.h"

#include <algorithm>
#include <atomic>

#include "base/time.h"
#include "kernel/config.h"

namespace beeline::kernel {
namespace {

constexpr const char* flows_of(Family family) {
    return family == Family::v4 ? "bl_flows4" : "bl_flows6";
}
template <class F>
constexpr const char* flows_name = flows_of(F::family);
template <class F>
constexpr const char* young_name = F::family == Family::v4 ? "bl_young4" : "bl_young6";

template <class F>
Result<ebpf::Map<typename F::FlowKey, typename F::Flow>> typed(const ebpf::RawMap& map) {
    auto raw = TRY(result_of(map.duplicate()));
    return result_of(ebpf::Map<typename F::FlowKey, typename F::Flow>::from_raw(std::move(raw)));
}
template <class F>
Result<ebpf::Map<typename F::FlowKey, typename F::Flow>> typed(const Datapath& datapath, const char* name) {
    const EbpfMapIo* map = datapath.find_map(name);
    if (map == nullptr) return fail(Errc::not_found, std::string("the object has no map ") + name);
    return typed<F>(map->raw());
}

// Of a walk for people, who also want names and text of every entry: smaller steps than the collector's.
constexpr std::size_t list_chunk = 1024;

template <class F>
Result<std::unique_ptr<FlowIo<F>>> io_of(Result<ebpf::Map<typename F::FlowKey, typename F::Flow>> map,
                                         std::size_t chunk) {
    return std::unique_ptr<FlowIo<F>>(std::make_unique<EbpfFlowIo<F>>(TRY(std::move(map)), chunk));
}

// Null: the table has not grown, or everything is moved.
template <class F>
Result<std::unique_ptr<FlowIo<F>>> former_io(const Datapath& datapath, std::size_t chunk) {
    const ebpf::RawMap* former = datapath.former(flows_name<F>);
    if (former == nullptr) return std::unique_ptr<FlowIo<F>>{};
    return io_of<F>(typed<F>(*former), chunk);
}

template <class V>
Result<ebpf::MappedArray<V>> mapped(const Datapath& datapath, const char* name) {
    const EbpfMapIo* map = datapath.find_map(name);
    if (map == nullptr) return fail(Errc::not_found, std::string("the object has no map ") + name);
    return result_of(ebpf::map_array<V>(map->raw()));
}

template <class Tables>
void add_devices(const Tables& tables, Family family, std::vector<FlowTable::DeviceFlows>& all) {
    for (const auto& [device, flows] : tables.collector.census())
        all.push_back({device, family, flows, tables.quota.flows(), tables.quota.crowded().contains(device)});
}

}  // namespace

std::uint32_t FlowTable::Clock::now() const {
    return flow_time(monotonic_ns(), hz);
}

template <class F>
Result<std::unique_ptr<FlowTable::Tables<F>>> FlowTable::open_tables() {
    auto flows = TRY(typed<F>(datapath_, flows_name<F>));
    auto young = TRY(typed<F>(datapath_, young_name<F>));
    auto tables = std::make_unique<Tables<F>>(std::move(flows), std::move(young), *this);
    if (auto former = TRY(former_io<F>(datapath_, flow_chunk)))
        tables->move = std::make_unique<FlowMove<F>>(std::move(former), reaper_, grace_);
    return tables;
}

Result<std::unique_ptr<FlowTable>> FlowTable::open(Datapath& datapath, const Setup& setup) {
    const EbpfMapIo* rows = datapath.find_map("bl_candidates");
    const ebpf::Program* program = datapath.find_program("bl_collect");
    if (rows == nullptr || program == nullptr)
        return fail(Errc::not_found, "the object has no map bl_candidates or no program bl_collect");
    auto reaper = TRY(EbpfReaper::open(rows->raw(), *program));
    std::unique_ptr<FlowTable> table(new FlowTable(datapath, setup, std::move(reaper)));
    table->v4_ = TRY(table->open_tables<V4>());
    table->v6_ = TRY(table->open_tables<V6>());
    return table;
}

// True: the walk is over. The young table recycles by itself; it is only counted.
template <class F>
Result<bool> FlowTable::count_young(Tables<F>& tables) {
    const auto chunk = TRY(tables.young.next());
    tables.young_seen += chunk.entries.size();
    if (chunk.last) tables.young_entries = std::exchange(tables.young_seen, 0);
    return chunk.last;
}

Result<bool> FlowTable::sweep_table(SweepStep& step) {
    switch (walking_) {
        case 0:
            step = TRY(v4_->collector.step(clock_.now()));
            return step.finished;
        case 1:
            step = TRY(v6_->collector.step(clock_.now()));
            return step.finished;
        case 2:
            return count_young(*v4_);
        default:
            return count_young(*v6_);
    }
}

// After an error the collector goes on, and the next sweep tries again.
template <class F>
Result<> FlowTable::move_step(Tables<F>& tables) {
    tables.waiting = true;
    const MoveStep step = TRY(tables.move->step());
    tables.waiting = step == MoveStep::waiting;
    if (step != MoveStep::moved) return {};
    CHECK(datapath_.forget_former(flows_name<F>));
    tables.move.reset();
    return {};
}

bool FlowTable::is_moving() const {
    return v4_->moves() || v6_->moves();
}

Result<SweepStep> FlowTable::sweep() {
    constexpr unsigned tables = 4;
    SweepStep step;
    turn_ = !turn_ && is_moving();
    if (turn_) {
        CHECK(v4_->moves() ? move_step(*v4_) : move_step(*v6_));
        step.moving = true;
        return step;
    }
    const bool over = TRY(sweep_table(step));
    if (over) walking_ = (walking_ + 1) % tables;
    step.finished = over && walking_ == 0;
    step.moving = is_moving();
    if (step.finished) CHECK(finish_sweep());
    return step;
}

Result<> FlowTable::finish_sweep() {
    v4_->waiting = v6_->waiting = false;
    renew_budget();
    write_hurry();
    v4_->quota.update(v4_->collector.census());
    v6_->quota.update(v6_->collector.census());
    return write_crowded();
}

// A quarter of the free entries for each CPU, under a new generation (bpf/lib/remember.h).
void FlowTable::renew_budget() {
    auto cpus = ebpf::possible_cpus();
    auto cell = mapped<std::uint64_t>(datapath_, "bl_tcp_budget");
    if (!cpus || *cpus == 0 || !cell || cell->size() == 0) return;
    auto free = [](const auto& tables) {
        const std::size_t most = tables.collector.max_entries();
        return most - std::min(most, tables.collector.entries());
    };
    const std::uint64_t amount = std::min(free(*v4_), free(*v6_)) / 4 / *cpus;
    std::atomic_ref budget((*cell)[0]);
    const std::uint64_t generation = (budget.load() >> 32) + 1;
    budget.store(generation << 32 | amount, std::memory_order_release);
}

void FlowTable::write_hurry() {
    auto cell = mapped<abi::u32>(datapath_, "bl_hurry");
    if (!cell || cell->size() == 0) return;
    const bool hurry = std::ranges::any_of(fill(), &plan::TableFill::filling);
    std::atomic_ref((*cell)[0]).store(hurry, std::memory_order_relaxed);
}

// By every next hop that leads to a container: what leads nowhere, or elsewhere, is nobody's quota.
Result<> FlowTable::write_crowded() {
    const auto hops = TRY(mapped<abi::Hop>(datapath_, "bl_hops"));
    const auto flags = TRY(mapped<abi::u32>(datapath_, "bl_crowded"));
    const std::size_t rows = std::min(hops.size(), flags.size());
    for (std::size_t row = abi::hop_host + 1; row < rows; row++) {
        const Ifindex device{hops[row].ifindex};
        abi::u32 families = v4_->quota.crowded().contains(device) ? abi::crowded4 : 0u;
        if (v6_->quota.crowded().contains(device)) families |= abi::crowded6;
        std::atomic_ref(flags[row]).store(families, std::memory_order_relaxed);
    }
    return {};
}

void FlowTable::count_loads(Loads<V4> nobody4, Loads<V6> nobody6) {
    v4_->collector.count_loads(std::move(nobody4));
    v6_->collector.count_loads(std::move(nobody6));
}

std::vector<plan::TableFill> FlowTable::fill() const {
    return {{Family::v4, false, v4_->collector.entries(), v4_->flows.max_entries()},
            {Family::v4, true, v4_->young_entries, v4_->young.max_entries()},
            {Family::v6, false, v6_->collector.entries(), v6_->flows.max_entries()},
            {Family::v6, true, v6_->young_entries, v6_->young.max_entries()}};
}

std::uint32_t FlowTable::limit_of(Family family, std::size_t entries) const {
    const auto limit = limits_.find(flows_of(family));
    return std::max(limit == limits_.end() ? 0 : limit->second, static_cast<std::uint32_t>(entries));
}

std::map<std::string, std::uint32_t> FlowTable::larger() const {
    std::map<std::string, std::uint32_t> sizes;
    for (const auto& table : fill()) {
        const std::string name = flows_of(table.family);
        const bool may = table.capacity * 2 <= limit_of(table.family, table.capacity);
        if (may && table.filling() && datapath_.former(name) == nullptr)
            sizes.emplace(name, static_cast<std::uint32_t>(table.capacity * 2));
    }
    return sizes;
}

std::vector<FlowTable::DeviceFlows> FlowTable::devices() const {
    std::vector<DeviceFlows> all;
    add_devices(*v4_, Family::v4, all);
    add_devices(*v6_, Family::v6, all);
    return all;
}

FlowContext FlowTable::context() const {
    return {.epochs = datapath_.epochs(),
            .timeouts = timeouts_,
            .hz = clock_.hz,
            .now = clock_.now(),
            .device = [this](std::uint32_t hop) {
                abi::Hop row{};
                EbpfMapIo* hops = datapath_.find_map("bl_hops");
                if (hops == nullptr || !hops->lookup(bytes_of(hop), writable_bytes_of(row))) return Ifindex{};
                return Ifindex{row.ifindex};
            }};
}

template <class F>
Result<> FlowTable::add_walks(const plan::FlowFilter& filter, std::vector<std::unique_ptr<TableWalk>>& walks) const {
    if (filter.family && *filter.family != F::family) return {};
    using Walk = FamilyTableWalk<F>;
    // Entries move into `flows`: one that moves meanwhile may be met twice, but is not missed.
    for (const auto place : {Walk::Place::former, Walk::Place::young, Walk::Place::flows}) {
        typename Walk::Tables tables;
        tables.io[Walk::Place::flows] = TRY(io_of<F>(typed<F>(datapath_, flows_name<F>), list_chunk));
        tables.io[Walk::Place::young] = TRY(io_of<F>(typed<F>(datapath_, young_name<F>), list_chunk));
        tables.io[Walk::Place::former] = TRY(former_io<F>(datapath_, list_chunk));
        tables.walked = place;
        if (tables.io[place]) walks.push_back(std::make_unique<Walk>(std::move(tables), filter));
    }
    return {};
}

Result<std::unique_ptr<plan::FlowWalk>> FlowTable::walk(const plan::FlowFilter& filter, plan::FlowAction action) {
    std::vector<std::unique_ptr<TableWalk>> walks;
    CHECK(add_walks<V4>(filter, walks));
    CHECK(add_walks<V6>(filter, walks));
    TablesWalk::Seams seams{[this] { return context(); }, reaper_, alive_};
    return std::make_unique<TablesWalk>(std::move(walks), action, std::move(seams));
}

}  // namespace beeline::kernel
