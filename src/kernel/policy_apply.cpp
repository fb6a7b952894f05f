#include "kernel/policy_apply.h"

#include <algorithm>

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

abi::PolicyKey wire(std::uint32_t set, const plan::PolicyEntry& entry) {
    return {set, entry.peer.value, wire_port(entry.port), static_cast<abi::u8>(entry.proto),
            static_cast<abi::u8>(entry.direction)};
}

plan::PolicyEntry value(const abi::PolicyKey& key, const abi::PolicyRow& row) {
    return {.direction = static_cast<abi::Direction>(key.direction),
            .peer = IdentityId{key.peer},
            .proto = static_cast<Proto>(key.proto),
            .port = value_port(key.port),
            .verdict = static_cast<abi::PolicyVerdict>(row.verdict),
            .rule = RuleId{row.rule}};
}

abi::u32 shape(const plan::PolicyEntry& entry) {
    const bool peer = entry.peer.value != 0;
    if (entry.port.value != 0) return peer ? abi::shape_peer_port : abi::shape_any_port;
    if (entry.proto != Proto::any) return peer ? abi::shape_peer_proto : abi::shape_any_proto;
    return peer ? abi::shape_peer_all : abi::shape_any_all;
}

abi::u32 shapes(const PolicySets::Entries& entries, abi::Direction direction) {
    abi::u32 seen = 0;
    for (const auto& entry : entries)
        if (entry.direction == direction) seen |= shape(entry);
    return seen;
}

}  // namespace

Result<> PolicySets::load() {
    CHECK(rows_.load());
    sets_.clear();
    ids_.clear();
    unwritten_.clear();
    for (const auto& [key, row] : rows_.rows())
        sets_[key.set].push_back(value(key, row));
    for (auto& [id, entries] : sets_) {
        std::ranges::sort(entries);
        ids_.emplace(entries, id);
        last_id_ = std::max(last_id_, id);
    }
    return {};
}

std::uint32_t PolicySets::new_id() {
    do
        last_id_++;
    while (last_id_ == 0 || sets_.contains(last_id_));
    return last_id_;
}

abi::u64 PolicySets::word(const plan::PolicySet& want, abi::u64 current) {
    Entries sorted = want.entries;
    std::ranges::sort(sorted);
    std::uint32_t id = 0;
    if (!sorted.empty()) {
        auto held = sets_.find(abi::policy_set_of(current));
        auto known = ids_.find(sorted);
        if (held != sets_.end() && held->second == sorted)
            id = held->first;
        else if (known != ids_.end())
            id = known->second;
        else {
            id = new_id();
            sets_.emplace(id, sorted);
            ids_.emplace(sorted, id);
            unwritten_.insert(id);
        }
    }
    return abi::policy_word(id, want.isolated_ingress, want.isolated_egress, shapes(sorted, abi::ingress),
                            shapes(sorted, abi::egress));
}

Result<> PolicySets::write(std::uint32_t set) {
    if (!unwritten_.contains(set)) return {};
    for (const auto& entry : sets_[set])
        CHECK(rows_.put(wire(set, entry), {0, static_cast<abi::u32>(entry.verdict), entry.rule.value}));
    unwritten_.erase(set);
    return {};
}

bool PolicySets::idle(const std::set<std::uint32_t>& used) const {
    return std::ranges::any_of(sets_, [&](const auto& set) { return !used.contains(set.first); });
}

Result<> PolicySets::collect(const std::set<std::uint32_t>& used) {
    for (auto it = sets_.begin(); it != sets_.end();) {
        if (used.contains(it->first)) {
            ++it;
            continue;
        }
        for (const auto& entry : it->second)
            CHECK(rows_.erase(wire(it->first, entry)));
        auto known = ids_.find(it->second);
        if (known != ids_.end() && known->second == it->first) ids_.erase(known);
        unwritten_.erase(it->first);
        it = sets_.erase(it);
    }
    return {};
}

PolicySets::Entries PolicySets::entries(std::uint32_t set) const {
    auto it = sets_.find(set);
    return it == sets_.end() ? Entries{} : it->second;
}

}  // namespace beeline::kernel
