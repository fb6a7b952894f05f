#include "kernel/hop_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "kernel/table.h"

namespace beeline::kernel {

Result<> HopRows::load() {
    std::map<std::uint32_t, abi::Hop> taken;
    abi::Hop host{};
    CHECK(rows_.each([&](Bytes key, Bytes value) {
        std::uint32_t row = 0;
        abi::Hop hop{};
        std::memcpy(&row, key.data(), sizeof row);
        std::memcpy(&hop, value.data(), sizeof hop);
        if (row == abi::hop_host) host = hop;
        if (row >= first_row && hop.ifindex != 0) taken.emplace(row, hop);
    }));
    taken_ = std::move(taken);
    host_ = host;
    unwritten_.clear();
    return {};
}

Result<std::uint32_t> HopRows::place(const abi::Hop& want, std::uint32_t current) {
    auto held = taken_.find(current);
    if (held != taken_.end() && same_bytes(held->second, want)) return current;
    std::uint32_t row = first_row;
    for (const auto& [used, hop] : taken_) {
        if (used != row) break;
        row++;
    }
    if (row >= rows_.max_entries())
        return fail(Errc::exhausted, fmt::format("{}: all {} next hops are taken", rows_.name(), taken_.size()));
    taken_.emplace(row, want);
    unwritten_.insert(row);
    return row;
}

Result<> HopRows::write(std::uint32_t row) {
    if (!unwritten_.contains(row)) return {};
    CHECK(rows_.update(bytes_of(row), bytes_of(taken_.at(row))));
    unwritten_.erase(row);
    return {};
}

HopRows::Used HopRows::used() const {
    Used all;
    for (const auto& user : users_)
        all.merge(user());
    return all;
}

bool HopRows::idle() const {
    const Used used = this->used();
    return std::ranges::any_of(taken_, [&](const auto& row) { return !used.contains(row.first); });
}

Result<> HopRows::collect() {
    const Used used = this->used();
    for (auto it = taken_.begin(); it != taken_.end();) {
        if (used.contains(it->first)) {
            ++it;
            continue;
        }
        const abi::Hop nothing{};
        CHECK(rows_.update(bytes_of(it->first), bytes_of(nothing)));
        unwritten_.erase(it->first);
        it = taken_.erase(it);
    }
    return {};
}

const abi::Hop* HopRows::find(std::uint32_t row) const {
    if (row == abi::hop_host) return &host_;
    auto it = taken_.find(row);
    return it == taken_.end() ? nullptr : &it->second;
}

Result<bool> HopRows::set_host(const abi::Hop& host) {
    if (same_bytes(host_, host)) return false;
    const std::uint32_t row = abi::hop_host;
    CHECK(rows_.update(bytes_of(row), bytes_of(host)));
    host_ = host;
    return true;
}

}  // namespace beeline::kernel
