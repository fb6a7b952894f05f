#include "kernel/frontends_apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace beeline::kernel {
namespace {

template <class Backend>
bool same_backends(const std::vector<Backend>& a, const std::vector<Backend>& b) {
    return std::ranges::equal(a, b, [](const Backend& x, const Backend& y) { return same_bytes(x, y); });
}

template <class F>
Result<std::vector<typename F::Backend>> wire_backends(const plan::Frontend& want) {
    std::vector<typename F::Backend> wire;
    for (const auto* list : {&want.backends, &want.draining})
        for (const plan::Backend& backend : *list)
            if (backend.addr.family != F::family)
                return fail(Errc::invalid, fmt::format("backend {} is of the other family", to_string(backend.addr)));
    if (want.backends.size() > std::numeric_limits<abi::u16>::max())
        return fail(Errc::exhausted, fmt::format("{} backends: at most 65535 fit", want.backends.size()));
    wire.reserve(want.backends.size());
    for (const plan::Backend& backend : want.backends)
        wire.push_back(wire_backend<F>(backend));
    return wire;
}

// The frontend a member belongs to.
template <class F>
typename F::FrontendKey frontend_of(const typename F::MemberKey& member) {
    typename F::FrontendKey key{};
    key.addr = member.frontend;
    key.port = member.frontend_port;
    key.proto = member.proto;
    return key;
}

}  // namespace

template <class F>
Result<std::optional<typename FrontendsApply<F>::Placed>> FrontendsApply<F>::read_placed(
    const abi::Frontend& row) const {
    Placed placed{{row.count == 0 ? 0 : row.first, row.count}, {}};
    if (std::uint64_t{row.first} + row.count > backends_.max_entries()) return std::nullopt;
    for (std::uint32_t i = 0; i < row.count; i++) {
        const std::uint32_t index = row.first + i;
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
    arena_ = RangeAllocator({0, backends_.max_entries()});
    placed_.clear();
    for (const auto& [key, row] : frontends_.rows()) {
        auto placed = TRY(read_placed(row));
        // A range outside the array or in another's is nobody's to give back: the frontend gets a new one.
        if (placed && arena_.reserve(placed->range)) placed_.emplace(key, std::move(*placed));
    }
    return {};
}

template <class F>
typename FrontendsApply<F>::MemberStates FrontendsApply<F>::members_of(const Key& key) const {
    MemberStates states;
    MemberKey from{};
    from.frontend = key.addr;
    const auto& rows = members_.rows();
    for (auto it = rows.lower_bound(from); it != rows.end() && same_bytes(it->first.frontend, key.addr); ++it)
        if (same_bytes(frontend_of<F>(it->first), key))
            states.emplace(it->first, static_cast<abi::MemberState>(it->second.state));
    return states;
}

template <class F>
void FrontendsApply<F>::stage_slots(const Key& key, const abi::Frontend& row, Change& change) const {
    const abi::Frontend* now = frontends_.find(key);
    const bool other = now == nullptr || now->flags != row.flags || now->algorithm != row.algorithm ||
                       now->service != row.service || now->affinity_seconds != row.affinity_seconds ||
                       (now->count == 0) != (row.count == 0);
    if (other) change.slots.insert(abi::slot_frontend(key));
}

template <class F>
void FrontendsApply<F>::stage_backends(const Key& key, Placed next, Change& change) {
    auto it = placed_.find(key);
    const Range old = it == placed_.end() ? Range{} : it->second.range;
    for (std::uint32_t i = 0; i < next.range.count; i++)
        change.prepare.push_back([this, index = next.range.first + i, backend = next.backends[i]] {
            return backends_.update(bytes_of(index), bytes_of(backend));
        });
    // Which of the two is free afterwards depends on whether the switch succeeded.
    change.retire.push_back([this, key, old, fresh = next.range]() -> Result<> {
        auto in_use = placed_.find(key);
        const Range used = in_use == placed_.end() ? Range{} : in_use->second.range;
        for (const Range& range : {old, fresh})
            if (range != used) arena_.release(range);
        return {};
    });
}

template <class F>
void FrontendsApply<F>::stage_members(const Key& key, const MemberStates& want, Change& change) {
    const MemberStates now = members_of(key);
    for (const auto& [member, state] : want) {
        const abi::Member row{0, static_cast<abi::u32>(state)};
        if (!members_.differs(member, row)) continue;
        auto& step = now.contains(member) ? change.switches : change.prepare;
        step.push_back([this, member, row] { return members_.put(member, row); });
    }
    for (const auto& [member, state] : now) {
        if (want.contains(member)) continue;
        change.slots.insert(abi::slot_addr(member.backend));
        change.unlinks.push_back([this, member] { return members_.erase(member); });
    }
}

template <class F>
void FrontendsApply<F>::stage(const plan::FrontendKey& value, const plan::Frontend& want, Change& change) {
    const Key key = wire_key<F>(value);
    auto backends = wire_backends<F>(want);
    if (!backends) return void(change.error = std::move(backends).error());
    auto it = placed_.find(key);
    Placed next = it == placed_.end() ? Placed{} : it->second;
    const bool moves = it == placed_.end() || !same_backends(it->second.backends, *backends);
    if (moves) {
        auto range = arena_.allocate(static_cast<std::uint32_t>(backends->size()));
        if (!range) return void(change.error = Error{Errc::exhausted, backends_.name() + ": " + range.error().what});
        next = {*range, std::move(*backends)};
        stage_backends(key, next, change);
    }
    abi::Frontend row{};
    row.first = next.range.first;
    row.count = static_cast<abi::u16>(next.range.count);
    row.service = want.service;
    MemberStates members;
    for (const auto& b : want.backends)
        members.emplace(wire_member<F>(value, b), abi::MemberState::active);
    for (const auto& b : want.draining)
        members.emplace(wire_member<F>(value, b), abi::MemberState::terminating);
    stage_members(key, members, change);
    stage_slots(key, row, change);
    if (!moves && !frontends_.differs(key, row)) return;
    change.switches.push_back([this, key, row, next = std::move(next)]() -> Result<> {
        CHECK(frontends_.put(key, row));
        placed_.insert_or_assign(key, next);
        return {};
    });
}

template <class F>
void FrontendsApply<F>::stage_removal(const plan::FrontendKey& value, Change& change) {
    const Key key = wire_key<F>(value);
    change.slots.insert(abi::slot_frontend(key));
    change.unlinks.push_back([this, key] { return frontends_.erase(key); });
    stage_members(key, {}, change);
    change.retire.push_back([this, key]() -> Result<> {
        if (frontends_.find(key) != nullptr) return {};  // it could not be erased and still points there
        auto it = placed_.find(key);
        if (it == placed_.end()) return {};
        arena_.release(it->second.range);
        placed_.erase(it);
        return {};
    });
}

template <class F>
void FrontendsApply<F>::stage_orphans(const std::map<plan::FrontendKey, plan::Frontend>& wanted, Change& change) {
    for (const auto& [member, row] : members_.rows()) {
        const Key key = frontend_of<F>(member);
        if (frontends_.find(key) != nullptr || wanted.contains(value_key(key))) continue;
        change.slots.insert(abi::slot_addr(member.backend));
        change.unlinks.push_back([this, member] { return members_.erase(member); });
    }
}

template <class F>
std::vector<plan::FrontendKey> FrontendsApply<F>::keys() const {
    std::vector<plan::FrontendKey> keys;
    for (const auto& [key, row] : frontends_.rows())
        keys.push_back(value_key(key));
    return keys;
}

template <class F>
std::map<plan::FrontendKey, FrontendView> FrontendsApply<F>::view() const {
    std::map<plan::FrontendKey, FrontendView> view;
    for (const auto& [key, row] : frontends_.rows()) {
        FrontendView& seen = view[value_key(key)];
        seen.service = row.service;
        auto placed = placed_.find(key);
        if (placed == placed_.end()) continue;
        for (const Backend& backend : placed->second.backends)
            seen.backends.push_back({value_addr(backend.addr), value_port(backend.port), false});
        for (const auto& [member, state] : members_of(key))
            if (state == abi::MemberState::terminating)
                seen.draining.push_back({value_addr(member.backend), value_port(member.backend_port), false});
    }
    return view;
}

template class FrontendsApply<V4>;
template class FrontendsApply<V6>;

}  // namespace beeline::kernel
