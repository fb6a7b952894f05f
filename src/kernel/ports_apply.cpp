#include "kernel/ports_apply.h"

#include <bit>
#include <cstring>

namespace beeline::kernel {
namespace {

using Rows = std::map<std::uint32_t, std::uint64_t>;

// Port 0 has the bits of all.
void put(Rows& rows, abi::PortUse use, Port port, Proto proto) {
    const auto number = static_cast<abi::u8>(proto);
    if (const auto bit = abi::port_bit(use, port.value, number)) rows[abi::port_row(port.value)] |= bit;
    if (const auto any = abi::port_bit(use, 0, number)) rows[0] |= any;
}

bool is_loopback(const Addr& addr) {
    return addr.v4() ? addr.bytes[0] == 127 : addr == value_addr(abi::Addr6{{0, 0, 0, __builtin_bswap32(1)}});
}

Rows rows_of(const plan::FrontendKey& key, const plan::Frontend& frontend, const std::set<Addr>& node) {
    Rows rows;
    const bool any_address = key.addr == Addr{.family = key.addr.family};
    if (any_address || is_loopback(key.addr)) put(rows, abi::PortUse::node_port, key.port, key.proto);
    if (!frontend.outside) return rows;
    put(rows, abi::PortUse::outside, key.port, key.proto);
    for (const auto* list : {&*frontend.outside, &frontend.draining})
        for (const plan::Backend& backend : *list)
            if (node.contains(backend.addr)) put(rows, abi::PortUse::host, backend.port, key.proto);
    return rows;
}

std::uint32_t vip_place(const Addr& addr) {
    return addr.v4() ? abi::vip_place(wire_addr<abi::Addr4>(addr)) : abi::vip_place(wire_addr<abi::Addr6>(addr));
}

}  // namespace

Result<> PortsApply::Bits::load() {
    rows_.clear();
    return io_.each([this](Bytes key, Bytes value) {
        std::uint32_t row = 0;
        std::uint64_t bits = 0;
        std::memcpy(&row, key.data(), sizeof row);
        std::memcpy(&bits, value.data(), sizeof bits);
        if (bits != 0) rows_[row] = bits;
    });
}

std::uint64_t PortsApply::Bits::at(std::uint32_t row) const {
    const auto it = rows_.find(row);
    return it == rows_.end() ? 0 : it->second;
}

Result<> PortsApply::Bits::write(std::uint32_t row, std::uint64_t bits) {
    if (at(row) == bits) return {};
    CHECK(io_.update(bytes_of(row), bytes_of(bits)));
    rows_[row] = bits;
    return {};
}

void PortsApply::Bits::stage(const Rows& want, Change& change) {
    Rows all = rows_;
    for (const auto& [row, bits] : want)
        all[row] |= bits;
    for (const auto& [row, both] : all) {
        const auto wanted = want.find(row);
        const std::uint64_t last = wanted == want.end() ? 0 : wanted->second;
        if (both != at(row)) change.prepare.push_back([this, row, both] { return write(row, both); });
        if (last != both) change.retire.push_back([this, row, last] { return write(row, last); });
    }
}

void PortsApply::Counts::add(const Bits::Rows& rows, int one) {
    constexpr unsigned row_bits = 64;
    for (const auto& [row, bits] : rows)
        for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
            const auto bit = static_cast<unsigned>(std::countr_zero(rest));
            const int count = counts_[std::uint64_t{row} * row_bits + bit] += one;
            if (count == 0) counts_.erase(std::uint64_t{row} * row_bits + bit);
            if (count == 0) wanted_[row] &= ~(std::uint64_t{1} << bit);
            if (count == 1) wanted_[row] |= std::uint64_t{1} << bit;
        }
}

void PortsApply::Counts::update(const plan::Frontends& frontends, const std::set<Addr>& node) {
    if (node != node_) *this = {};
    node_ = node;
    each_difference(frontends_, frontends, [&](const auto* old, const auto* fresh) {
        if (old != nullptr) add(rows_of(old->first, old->second, node_), -1);
        if (fresh != nullptr) add(rows_of(fresh->first, fresh->second, node_), 1);
    });
    frontends_ = frontends;
    std::erase_if(wanted_, [](const auto& row) { return row.second == 0; });
}

Result<> PortsApply::load() {
    CHECK(ports_.load());
    return vips_.load();
}

void PortsApply::stage(const plan::Plan& plan, const std::set<Addr>& node, std::vector<Change>& changes) {
    Rows vips;
    for (const Addr& addr : plan.vips) {
        const std::uint32_t place = vip_place(addr);
        vips[place / 64] |= std::uint64_t{1} << (place % 64);
    }
    Change change;
    counts_.update(plan.frontends, node);
    ports_.stage(counts_.wanted(), change);
    vips_.stage(vips, change);
    if (!change.empty()) changes.push_back(std::move(change));
}

}  // namespace beeline::kernel
