// Kernel::map_rows(): every row the agent has written, decoded, one a line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/running.h"
#include "kernel/text.h"

namespace beeline::kernel {
namespace {

std::string addr_text(const abi::Addr4& addr) {
    return to_string(value_addr(addr));
}
std::string addr_text(const abi::Addr6& addr) {
    return to_string(value_addr(addr));
}

// ---- keys
std::string key_text(std::uint32_t index) {
    return std::to_string(index);
}
std::string key_text(const abi::Addr4& key) {
    return addr_text(key);
}
std::string key_text(const abi::Addr6& key) {
    return addr_text(key);
}
std::string key_text(const abi::FrontendKey4& key) {
    return text_of(value_key(key));
}
std::string key_text(const abi::FrontendKey6& key) {
    return text_of(value_key(key));
}
template <class Member>
std::string member_text(const Member& key) {
    return fmt::format("{}/{} {}", text_of(value_addr(key.frontend), value_port(key.frontend_port)),
                       to_string(static_cast<Proto>(key.proto)),
                       text_of(value_addr(key.backend), value_port(key.backend_port)));
}
std::string key_text(const abi::MemberKey4& key) {
    return member_text(key);
}
std::string key_text(const abi::MemberKey6& key) {
    return member_text(key);
}
std::string key_text(const abi::PolicyKey& key) {
    return fmt::format("set {} {} {} {}/{}", key.set, key.direction == abi::ingress ? "ingress from" : "egress to",
                       key.peer == 0 ? "any" : std::to_string(key.peer), to_string(static_cast<Proto>(key.proto)),
                       value_port(key.port).value);
}

std::string key_text(const abi::NexthopKey& key) {
    return same_bytes(key, NetworkApply::decisions_key) ? "routes" : text_of(key);
}
template <class Key>
std::string prefix_text(const Key& key) {
    return to_string(Prefix{value_addr(key.addr), static_cast<std::uint8_t>(key.length)});
}
std::string key_text(const abi::PrefixKey4& key) {
    return prefix_text(key);
}
std::string key_text(const abi::PrefixKey6& key) {
    return prefix_text(key);
}

template <class Key>
std::string range_text(const Key& key) {
    constexpr abi::u32 frontend = sizeof key.frontend + sizeof key.port + sizeof key.proto + sizeof key.pad;
    const Prefix clients{value_addr(key.client), static_cast<std::uint8_t>(key.length - frontend * 8)};
    return fmt::format("{}/{} from {}", text_of(value_addr(key.frontend), value_port(key.port)),
                       to_string(static_cast<Proto>(key.proto)), to_string(clients));
}
std::string key_text(const abi::RangeKey4& key) {
    return range_text(key);
}
std::string key_text(const abi::RangeKey6& key) {
    return range_text(key);
}

// ---- values
// Fields that hold either family, IPv4 in word 0. No IPv6 address that a node has ends in 96 zero bits.
bool is_v4(const abi::Addr6& addr) {
    return (addr.be[1] | addr.be[2] | addr.be[3]) == 0;
}
std::string either_text(const abi::Addr6& addr, bool v4) {
    if (is_v4(addr) && addr.be[0] == 0) return "none";
    Addr value = value_addr(addr);
    if (v4) value.family = Family::v4;
    return to_string(value);
}
std::string mac_text(const abi::u8 (&bytes)[6]) {
    Mac mac;
    std::ranges::copy(bytes, mac.bytes.begin());
    return to_string(mac);
}
std::string value_text(const abi::Frontend& row) {
    std::string text = fmt::format("backends {}+{}", row.first, row.count);
    if ((row.flags & abi::front_outside) != 0)
        text += fmt::format(" outside {}+{}", row.first_outside, row.count_outside);
    text += fmt::format(" service {} flags {:#x}", row.service, row.flags);
    if (row.affinity_seconds != 0) text += fmt::format(" affinity {} s", row.affinity_seconds);
    if ((row.flags & abi::front_direct) != 0) text += " dsr";
    if (row.algorithm != static_cast<abi::u8>(abi::Algorithm::random))
        text += fmt::format(" algorithm {}", plan::algorithm_name(static_cast<abi::Algorithm>(row.algorithm)));
    if (row.places != 0) text += fmt::format(" table {}+{} places", row.table, row.places);
    if (row.places_outside != 0)
        text += fmt::format(" outside table {}+{} places", row.table_outside, row.places_outside);
    return text;
}
std::string value_text(const abi::PlacesRow& row) {
    return fmt::format("backends {}", fmt::join(row.backend, " "));
}
std::string value_text(const abi::Backend4& row) {
    return text_of(plan::Backend{value_addr(row.addr), value_port(row.port), false, row.weight});
}
std::string value_text(const abi::Backend6& row) {
    return text_of(plan::Backend{value_addr(row.addr), value_port(row.port), false, row.weight});
}
std::string value_text(const abi::Member& row) {
    const bool inside = (row.uses & abi::member_inside) != 0, outside = (row.uses & abi::member_outside) != 0;
    if (!inside) return outside ? "active from outside only" : "draining";
    return outside ? "active, from outside too" : "active";
}
std::string value_text(const abi::Endpoint& row) {
    return fmt::format("endpoint {} ifindex {} mac {} identity {} hop {} policy set {}{}{}", row.id, row.ifindex,
                       mac_text(row.mac), row.identity, row.hop, abi::policy_set_of(row.policy),
                       abi::policy_isolates(row.policy, abi::ingress) ? " isolated-ingress" : "",
                       abi::policy_isolates(row.policy, abi::egress) ? " isolated-egress" : "");
}
std::string value_text(const abi::IdentityRow& row) {
    return fmt::format("identity {}{}{}", row.identity, (row.flags & abi::identity_is_node) != 0 ? " node" : "",
                       (row.flags & abi::identity_node_port) != 0 ? " node-ports" : "");
}
std::string value_text(const abi::PolicyRow& row) {
    return fmt::format("{} rule {}", row.verdict == static_cast<abi::u32>(abi::PolicyVerdict::allow) ? "allow" : "deny",
                       row.rule);
}
std::string value_text(const abi::Hop& row) {
    if (row.flags == 0)
        return fmt::format("ifindex {} mtu {} dmac {} smac {}", row.ifindex, row.mtu, mac_text(row.dmac),
                           mac_text(row.smac));
    const char* how = (row.flags & abi::hop_on_link) != 0   ? "on link"
                      : (row.flags & abi::hop_resolve) != 0 ? "by any gateway"
                                                            : "via ";
    std::string via;
    if ((row.flags & (abi::hop_via4 | abi::hop_via6)) != 0)
        via = either_text(row.via, (row.flags & abi::hop_via4) != 0);
    const std::string source = either_text(row.source, is_v4(row.source));
    return fmt::format("ifindex {} mtu {} {}{} source {}", row.ifindex, row.mtu, how, via, source);
}
std::string value_text(const abi::Addr4& row) {
    return to_string(value_addr(row));
}
std::string value_text(const abi::Addr6& row) {
    return to_string(value_addr(row));
}
std::string value_text(const abi::Nexthop& row) {
    return fmt::format("hop {}", row.hop);
}
std::string value_text(abi::u32) {  // bl_unmasked4/6, bl_src_ranges4/6: the row's presence says it
    return "yes";
}
std::string value_text(abi::u64 bits) {
    return fmt::format("bits {:#x}", bits);
}

template <class Key, class Value>
Result<> add_rows(const Datapath& datapath, const char* name, std::vector<plan::Row>& rows) {
    EbpfMapIo* map = datapath.find_map(name);
    if (map == nullptr) return fail(Errc::not_found, std::string("the object has no map ") + name);
    const bool array = map->raw().info().type == BPF_MAP_TYPE_ARRAY;
    Table<Key, Value> table(*map);
    CHECK(table.load());
    std::map<Key, plan::Row, std::conditional_t<std::is_integral_v<Key>, std::less<>, ByteLess>> ordered;
    for (const auto& [key, value] : table.rows())
        if (!array || !same_bytes(value, Value{}))
            ordered.emplace(key, plan::Row{name, key_text(key), value_text(value)});
    for (auto& [key, row] : ordered)
        rows.push_back(std::move(row));
    return {};
}

enum class Writer { agent, datapath };

template <Writer writer, class Key, class Value>
Result<> add_if_ours(const Datapath& datapath, const char* name, std::vector<plan::Row>& rows) {
    if constexpr (writer == Writer::agent)
        return add_rows<Key, Value>(datapath, name, rows);
    else
        return {};
}

}  // namespace

Result<std::vector<plan::Row>> Kernel::map_rows() {
    std::vector<plan::Row> rows;
    using abi::u32;
    using namespace abi;
#define X(name, kind, key, value, entries, writer) \
    CHECK((add_if_ours<Writer::writer, key, value>(*running_->datapath, #name, rows)));
    BEELINE_MAPS(X)
#undef X
    return rows;
}

}  // namespace beeline::kernel
