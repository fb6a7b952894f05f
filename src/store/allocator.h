// Numbers and addresses that are given out in rotation: what was freed last is given again last, so that a packet
// or an event that is still on its way does not meet a new owner.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/addr.h"

namespace beeline::store {

// The numbers first..last (inclusive).
class Rotor {
public:
    Rotor(std::uint64_t first, std::uint64_t last) : first_(first), last_(last), cursor_(first) {}

    // The first free number from the cursor on, round the end; empty: all are taken or held. Takes nothing.
    std::optional<std::uint64_t> next() const;
    // A held number is passed over by next(); it may be taken all the same.
    void hold(std::uint64_t number) { held_.insert(number); }
    void unhold(std::uint64_t number) { held_.erase(number); }
    bool holds_any() const { return !held_.empty(); }
    // False if it is taken already or out of range.
    bool take(std::uint64_t number);
    void release(std::uint64_t number) { used_.erase(number); }
    // The next free number is looked for behind this one.
    void resume_after(std::uint64_t number);
    std::size_t used() const { return used_.size(); }

private:
    std::optional<std::uint64_t> free_in(std::uint64_t from, std::uint64_t to) const;

    std::uint64_t first_, last_, cursor_;
    std::set<std::uint64_t> used_, held_;
};

// Addresses of one prefix, without the network address (for IPv6 the subnet-router anycast address), the broadcast
// address (IPv4) and those named as reserved. At most the first 2^32 addresses are given out by next().
class AddressPool {
public:
    AddressPool(Prefix prefix, const std::vector<Addr>& reserved);

    const Prefix& prefix() const { return prefix_; }
    // Errors: exhausted, with the prefix and how many addresses are in use. Takes nothing.
    Result<Addr> next() const;
    // May this address be asked for by name? Errors: invalid (outside, reserved), conflict (taken).
    Result<> check(const Addr& addr) const;
    void take(const Addr& addr);
    void release(const Addr& addr);
    void resume_after(const Addr& addr);
    // next() passes it over. Fine for an address outside.
    void hold(const Addr& addr);
    void unhold(const Addr& addr);

private:
    // Position in the prefix; empty: outside, or behind what next() reaches.
    std::optional<std::uint64_t> offset(const Addr& addr) const;

    Prefix prefix_;
    std::set<Addr> reserved_, taken_;
    Rotor rotor_;
};

// First and last offset of a prefix that an interface or a service may have.
struct Usable {
    std::uint64_t first, last;  // empty range: last < first
};
Usable usable(const Prefix& prefix);

// Position of an address in a prefix that contains it; empty if it is 2^32 or more.
std::optional<std::uint64_t> offset_in(const Prefix& prefix, const Addr& addr);

}  // namespace beeline::store
