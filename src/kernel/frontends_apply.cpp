#include "kernel/frontends_apply.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>

#include "kernel/frontend_keys.h"

namespace beeline::kernel {
namespace {

template <class Backend>
bool same_backends(const std::vector<Backend>& a, const std::vector<Backend>& b) {
    return std::ranges::equal(a, b, [](const Backend& x, const Backend& y) { return same_bytes(x, y); });
}

abi::u8 flags_of(const plan::Frontend& want) {
    return static_cast<abi::u8>((want.outside ? abi::front_outside : 0) | (want.elsewhere ? abi::front_elsewhere : 0) |
                                (want.source_ranges.empty() ? 0 : abi::front_ranges) |
                                (want.direct ? abi::front_direct : 0));
}

std::set<std::pair<Addr, Port>> places_of(const std::vector<plan::Backend>& list) {
    std::set<std::pair<Addr, Port>> places;
    for (const plan::Backend& backend : list)
        places.emplace(backend.addr, backend.port);
    return places;
}

}  // namespace

template <class F>
void FrontendsApply<F>::set_node(const std::set<Addr>& addrs) {
    node_.clear();
    for (const Addr& addr : addrs)
        if (addr.family == F::family) node_.push_back(wire_addr<typename F::Addr>(addr));
}

// Those only clients of this node may choose, those of all, those only for clients from outside.
template <class F>
Result<typename FrontendsApply<F>::Placed> FrontendsApply<F>::arrange(const plan::Frontend& want) {
    const std::vector<plan::Backend> none;
    const auto& inside = want.backends;
    const auto& outside = want.outside ? *want.outside : none;
    std::vector<plan::Backend> order = inside;
    std::uint32_t only_inside = 0;
    if (!outside.empty() && outside != inside) {
        const auto is_in = [](const std::vector<plan::Backend>& list) {
            return [places = places_of(list)](const plan::Backend& b) { return places.contains({b.addr, b.port}); };
        };
        const auto both = is_in(outside);
        order.clear();
        std::ranges::copy_if(inside, std::back_inserter(order), std::not_fn(both));
        only_inside = static_cast<std::uint32_t>(order.size());
        std::ranges::copy_if(inside, std::back_inserter(order), both);
        std::ranges::copy_if(outside, std::back_inserter(order), std::not_fn(is_in(inside)));
    }
    Placed placed;
    placed.backends = TRY(wire_backends<F>(order));
    placed.inside = {0, static_cast<std::uint32_t>(inside.size())};
    if (!outside.empty()) placed.outside = {only_inside, static_cast<std::uint32_t>(outside.size())};
    placed.by_loads = want.algorithm == abi::Algorithm::least_connections;
    auto tables = tables_for(want.algorithm, placed);
    if (!tables) return fail(tables.error().code, want.name + ": " + tables.error().what);
    placed.tables = std::move(*tables);
    return placed;
}

template <class F>
Result<PlaceTables> FrontendsApply<F>::tables_for(abi::Algorithm algorithm, const Placed& placed) {
    PlaceTables tables;
    tables.inside = TRY(places_for(algorithm, part_of(placed, placed.inside)));
    const bool same = placed.outside == placed.inside;
    tables.outside = same ? tables.inside : TRY(places_for(algorithm, part_of(placed, placed.outside)));
    return tables;
}

// In the array's order.
template <class F>
std::vector<plan::Backend> FrontendsApply<F>::part_of(const Placed& placed, const Range& part) {
    std::vector<plan::Backend> backends;
    for (std::uint32_t i = part.first; i < part.first + part.count; i++) {
        const Backend& backend = placed.backends.at(i);
        backends.push_back({value_addr(backend.addr), value_port(backend.port), false, backend.weight});
    }
    return backends;
}

template <class F>
abi::Frontend FrontendsApply<F>::row_of(const plan::Frontend& want, const Placed& placed) const {
    abi::Frontend row{};
    row.first = placed.range.first + placed.inside.first;
    row.count = static_cast<abi::u16>(placed.inside.count);
    row.first_outside = placed.range.first + placed.outside.first;
    row.count_outside = static_cast<abi::u16>(placed.outside.count);
    row.flags = flags_of(want);
    row.algorithm = static_cast<abi::u8>(want.algorithm);
    row.service = want.service;
    row.affinity_seconds = want.affinity_seconds;
    row.table = placed.tables.inside_rows.first;
    row.table_outside = placed.tables.outside_rows.first;
    row.places = static_cast<abi::u32>(placed.tables.inside.size());
    row.places_outside = static_cast<abi::u32>(placed.tables.outside.size());
    return row;
}

template <class F>
Result<std::optional<typename FrontendsApply<F>::Placed>> FrontendsApply<F>::read_placed(
    const abi::Frontend& row) const {
    const Range inside{row.first, row.count}, outside{row.first_outside, row.count_outside};
    for (const Range& range : {inside, outside})
        if (std::uint64_t{range.first} + range.count > backends_.max_entries()) return std::nullopt;
    Placed placed;
    placed.range = around(inside, outside);
    placed.inside = within(inside, placed.range);
    placed.outside = within(outside, placed.range);
    placed.by_loads = row.algorithm == static_cast<abi::u8>(abi::Algorithm::least_connections);
    for (std::uint32_t i = 0; i < placed.range.count; i++) {
        const std::uint32_t index = placed.range.first + i;
        Backend backend{};
        if (!TRY(backends_.lookup(bytes_of(index), writable_bytes_of(backend)))) return std::nullopt;
        placed.backends.push_back(backend);
    }
    return placed;
}

template <class F>
Result<> FrontendsApply<F>::load() {
    CHECK(frontends_.load());
    CHECK(members_.load());
    CHECK(ranges_.load());
    arena_ = RangeAllocator({0, backends_.max_entries()});
    placed_.clear();
    for (const auto& [key, row] : frontends_.rows()) {
        auto placed = TRY(read_placed(row));
        // A range outside the array or in another's is nobody's to give back: the frontend gets a new one.
        if (!placed || !arena_.reserve(placed->range)) continue;
        placed->tables = TRY(places_.take(row));
        placed_.emplace(key, std::move(*placed));
    }
    return {};
}

template <class F>
typename FrontendsApply<F>::MemberUses FrontendsApply<F>::members_of(const Key& key) const {
    MemberUses uses;
    MemberKey from{};
    from.frontend = key.addr;
    from.frontend_port = key.port;
    from.proto = key.proto;
    const auto& rows = members_.rows();
    for (auto it = rows.lower_bound(from); it != rows.end() && same_bytes(frontend_of<F>(it->first), key); ++it)
        uses.emplace(it->first, it->second.uses);
    return uses;
}

// Every address of the node that a packet may be for is one key of a node port.
template <class F>
void FrontendsApply<F>::bump(const Key& key, Change& change) const {
    change.slots.insert(abi::slot_frontend(key));
    if (!same_bytes(key.addr, typename F::Addr{})) return;
    for (const auto& addr : node_) {
        Key at = key;
        at.addr = addr;
        change.slots.insert(abi::slot_frontend(at));
    }
}

template <class F>
void FrontendsApply<F>::stage_slots(const Key& key, const abi::Frontend& row, Change& change) const {
    const abi::Frontend* now = frontends_.find(key);
    const bool other = now == nullptr || now->flags != row.flags || now->algorithm != row.algorithm ||
                       now->service != row.service || (now->count == 0) != (row.count == 0) ||
                       (now->count_outside == 0) != (row.count_outside == 0);
    if (other) bump(key, change);
}

// The rows that `next` needs and the frontend does not have yet, which are taken now. False: it has them all.
template <class F>
Result<bool> FrontendsApply<F>::stage_rows(const Key& key, Placed& next, Change& change) {
    static const Placed nothing;
    auto it = placed_.find(key);
    const bool known = it != placed_.end();
    const Placed& now = known ? it->second : nothing;
    const bool moves = !known || !same_backends(now.backends, next.backends);
    const bool turns = !now.tables.says_the_same(next.tables);
    next.range = now.range;
    next.tables.inside_rows = now.tables.inside_rows;
    next.tables.outside_rows = now.tables.outside_rows;
    if (!moves && !turns) return false;
    if (turns) CHECK(places_.place(next.tables));
    if (moves) {
        auto range = arena_.allocate(static_cast<std::uint32_t>(next.backends.size()));
        if (!range) {
            places_.release(next.tables.rows(), now.tables.rows());
            return fail(Errc::exhausted, backends_.name() + ": " + range.error().what);
        }
        next.range = *range;
        stage_backends(key, next, change);
    }
    if (turns) places_.stage(next.tables, change);
    stage_release(key, now, next, change);
    return true;
}

// Nobody reads them yet: a backend that was not counted begins with none.
template <class F>
Result<> FrontendsApply<F>::begin_loads(std::uint32_t first, const std::vector<Backend>& backends, abi::u8 proto) {
    std::vector<abi::u32> rows;
    for (const Backend& backend : backends) {
        const auto it = loads_.find(load_key<F>(backend, proto));
        rows.push_back(it == loads_.end() ? 0 : it->second);
    }
    return update_range(loads_io_, first, rows);
}

template <class F>
void FrontendsApply<F>::stage_backends(const Key& key, const Placed& next, Change& change) {
    if (next.backends.empty()) return;
    change.prepare.push_back(
        [this, key, first = next.range.first, by_loads = next.by_loads, backends = next.backends]() -> Result<> {
            CHECK(update_range(backends_, first, backends));
            return by_loads ? begin_loads(first, backends, key.proto) : Result<>{};
        });
}

template <class F>
Loads<F> FrontendsApply<F>::counted() const {
    Loads<F> nobody;
    for (const auto& [key, placed] : placed_) {
        if (!placed.by_loads) continue;
        for (const Backend& backend : placed.backends)
            nobody[load_key<F>(backend, key.proto)] = 0;
    }
    return nobody;
}

template <class F>
Result<> FrontendsApply<F>::write_loads(const Loads<F>& loads) {
    loads_ = loads;
    for (const auto& [key, placed] : placed_)
        if (placed.by_loads) CHECK(write_counted(key, placed));
    return {};
}

template <class F>
Result<> FrontendsApply<F>::write_counted(const Key& key, const Placed& placed) {
    std::vector<std::uint32_t> indices;
    std::vector<abi::u32> rows;
    for (std::uint32_t i = 0; i < placed.range.count; i++) {
        const auto it = loads_.find(load_key<F>(placed.backends[i], key.proto));
        if (it == loads_.end()) continue;  // it came after the walk began
        indices.push_back(placed.range.first + i);
        rows.push_back(it->second);
    }
    std::size_t done = 0;
    return update_many(loads_io_, indices, rows, done);
}

// Which of the two is free afterwards depends on whether the switch succeeded.
template <class F>
void FrontendsApply<F>::stage_release(const Key& key, const Placed& now, const Placed& next, Change& change) {
    std::set<Range> tables = now.tables.rows();
    tables.merge(next.tables.rows());
    change.retire.push_back([this, key, old = now.range, fresh = next.range, tables]() -> Result<> {
        static const Placed nothing;
        auto in_use = placed_.find(key);
        const Placed& used = in_use == placed_.end() ? nothing : in_use->second;
        for (const Range& range : std::set<Range>{old, fresh})
            if (range != used.range) arena_.release(range);
        places_.release(tables, used.tables.rows());
        return {};
    });
}

// Behind the grace period no socket chooses it any more.
template <class F>
void FrontendsApply<F>::stage_departure(const MemberKey& member, Change& change) {
    change.slots.insert(abi::slot_addr(member.backend));
    change.unlinks.push_back([this, member] { return members_.erase(member); });
    if (member.proto != abi::proto_udp) return;
    change.retire.push_back([this, member]() -> Result<> {
        if (members_.find(member) == nullptr) departed_.push_back(member);
        return {};
    });
}

template <class F>
void FrontendsApply<F>::stage_members(const Key& key, const MemberUses& want, Change& change) {
    const MemberUses now = members_of(key);
    std::vector<std::pair<MemberKey, abi::Member>> fresh;
    for (const auto& [member, uses] : want) {
        const abi::Member row{0, uses};
        if (!members_.differs(member, row)) continue;
        if (now.contains(member))
            change.switches.push_back([this, member, row] { return members_.put(member, row); });
        else
            fresh.emplace_back(member, row);
    }
    if (!fresh.empty()) change.prepare.push_back([this, fresh = std::move(fresh)] { return members_.put_many(fresh); });
    for (const auto& [member, uses] : now) {
        if (want.contains(member)) continue;
        stage_departure(member, change);
    }
}

template <class F>
void FrontendsApply<F>::stage(const plan::FrontendKey& value, const plan::Frontend& want, Change& change) {
    const Key key = wire_key<F>(value);
    auto arranged = arrange(want);
    if (!arranged) return void(change.error = std::move(arranged).error());
    Placed next = std::move(*arranged);
    auto moved = stage_rows(key, next, change);
    if (!moved) return void(change.error = std::move(moved).error());
    MemberUses members;
    for (const auto& b : want.draining)
        members.emplace(wire_member<F>(value, b), 0);
    for (const auto& b : want.backends)
        members[wire_member<F>(value, b)] |= abi::member_inside;
    if (want.outside)
        for (const auto& b : *want.outside)
            members[wire_member<F>(value, b)] |= abi::member_outside;
    const abi::Frontend row = row_of(want, next);
    stage_members(key, members, change);
    if (ranges_.stage(key, want.source_ranges, change)) bump(key, change);
    stage_slots(key, row, change);
    if (!*moved && !frontends_.differs(key, row)) return;
    change.switches.push_back([this, key, row, next = std::move(next)]() -> Result<> {
        CHECK(frontends_.put(key, row));
        placed_.insert_or_assign(key, next);
        return {};
    });
}

template <class F>
void FrontendsApply<F>::stage_removal(const plan::FrontendKey& value, Change& change) {
    const Key key = wire_key<F>(value);
    bump(key, change);
    change.unlinks.push_back([this, key] { return frontends_.erase(key); });
    stage_members(key, {}, change);
    (void)ranges_.stage(key, {}, change);
    change.retire.push_back([this, key]() -> Result<> {
        if (frontends_.find(key) != nullptr) return {};  // it could not be erased and still points there
        auto it = placed_.find(key);
        if (it == placed_.end()) return {};
        arena_.release(it->second.range);
        places_.release(it->second.tables.rows(), {});
        placed_.erase(it);
        return {};
    });
}

template <class F>
void FrontendsApply<F>::stage_orphans(const std::function<bool(const plan::FrontendKey&)>& wanted, Change& change) {
    const std::function<bool(const Key&)> is_orphan = [&](const Key& key) {
        return frontends_.find(key) == nullptr && !wanted(value_key(key));
    };
    for (const auto& [member, row] : members_.rows()) {
        if (!is_orphan(frontend_of<F>(member))) continue;
        stage_departure(member, change);
    }
    ranges_.stage_orphans(is_orphan, change);
}

template <class F>
std::vector<plan::FrontendKey> FrontendsApply<F>::keys() const {
    std::vector<plan::FrontendKey> keys;
    for (const auto& [key, row] : frontends_.rows())
        keys.push_back(value_key(key));
    return keys;
}

template class FrontendsApply<V4>;
template class FrontendsApply<V6>;

}  // namespace beeline::kernel
