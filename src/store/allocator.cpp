#include "store/allocator.h"

#include <fmt/format.h>

#include <algorithm>

namespace beeline::store {

std::optional<std::uint64_t> Rotor::free_in(std::uint64_t from, std::uint64_t to) const {
    std::uint64_t number = from;
    while (number <= to && (used_.contains(number) || held_.contains(number)))
        ++number;
    if (number > to) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> Rotor::next() const {
    if (last_ < first_) return std::nullopt;
    if (auto number = free_in(cursor_, last_)) return number;
    return free_in(first_, last_);
}

bool Rotor::take(std::uint64_t number) {
    return number >= first_ && number <= last_ && used_.insert(number).second;
}

void Rotor::resume_after(std::uint64_t number) {
    cursor_ = number >= first_ && number < last_ ? number + 1 : first_;
}

Usable usable(const Prefix& prefix) {
    // Prefixes of one or two addresses have neither network nor broadcast address (RFC 3021).
    if (prefix.size() <= 2) return {0, prefix.size() - 1};
    return {1, prefix.size() - (prefix.addr.v4() ? 2 : 1)};
}

std::optional<std::uint64_t> offset_in(const Prefix& prefix, const Addr& addr) {
    const std::size_t bytes = addr.v4() ? 4 : 16;
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        offset = (offset << 8) | static_cast<std::uint8_t>(addr.bytes[i] ^ prefix.addr.bytes[i]);
        if (offset >= 1ULL << 32) return std::nullopt;
    }
    return offset;
}

AddressPool::AddressPool(Prefix prefix, const std::vector<Addr>& reserved)
    : prefix_(prefix), rotor_(usable(prefix).first, usable(prefix).last) {
    for (const Addr& addr : reserved)
        if (prefix.contains(addr)) reserved_.insert(addr);
    for (const Addr& addr : reserved_)
        if (auto n = offset(addr)) rotor_.take(*n);
}

std::optional<std::uint64_t> AddressPool::offset(const Addr& addr) const {
    if (!prefix_.contains(addr)) return std::nullopt;
    return offset_in(prefix_, addr);
}

Result<Addr> AddressPool::next() const {
    if (auto n = rotor_.next()) return prefix_.at(*n);
    const char* text = rotor_.holds_any()
                           ? "no free address in {}: {} are in use, the others are named by Pod manifests"
                           : "no free address in {}: all {} are in use";
    return fail(Errc::exhausted, fmt::format(fmt::runtime(text), to_string(prefix_), taken_.size()));
}

Result<> AddressPool::check(const Addr& addr) const {
    if (!prefix_.contains(addr))
        return fail(Errc::invalid, fmt::format("address {} is outside {}", to_string(addr), to_string(prefix_)));
    const auto n = offset(addr);
    const auto [first, last] = usable(prefix_);
    const bool end_of_prefix = n && (*n < first || (prefix_.addr.v4() && *n > last));
    if (end_of_prefix || reserved_.contains(addr))
        return fail(Errc::invalid, fmt::format("address {} of {} is reserved", to_string(addr), to_string(prefix_)));
    if (taken_.contains(addr)) return fail(Errc::conflict, fmt::format("address {} is taken", to_string(addr)));
    return {};
}

void AddressPool::take(const Addr& addr) {
    taken_.insert(addr);
    if (auto n = offset(addr)) rotor_.take(*n);
}

void AddressPool::release(const Addr& addr) {
    const auto n = offset(addr);
    if (taken_.erase(addr) != 0 && n) rotor_.release(*n);
}

void AddressPool::hold(const Addr& addr) {
    if (auto n = offset(addr)) rotor_.hold(*n);
}

void AddressPool::unhold(const Addr& addr) {
    if (auto n = offset(addr)) rotor_.unhold(*n);
}

void AddressPool::resume_after(const Addr& addr) {
    if (auto n = offset(addr)) rotor_.resume_after(*n);
}

}  // namespace beeline::store
