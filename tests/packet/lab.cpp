#include "tests/packet/lab.h"

#include <arpa/inet.h>

#include <cstring>

#include "tests/packet/family.h"

namespace beeline::packet {

namespace {
template <class F>
typename F::FrontendKey front_key(const Front& front) {
    typename F::FrontendKey key{};
    key.addr = addr_of<F>(front.vip);
    key.port = htons(front.port);
    key.proto = front.proto;
    return key;
}
template <class F>
typename F::MemberKey member_key(const Front& front, const Node& backend, std::uint16_t port) {
    typename F::MemberKey key{};
    key.frontend = addr_of<F>(front.vip);
    key.backend = addr_of<F>(backend);
    key.frontend_port = htons(front.port);
    key.backend_port = htons(port);
    key.proto = front.proto;
    return key;
}
abi::PolicyKey policy_key(std::uint32_t set, const Rule& rule) {
    return {set, rule.peer, htons(rule.port), rule.proto, rule.direction};
}
std::uint32_t shape_of(const Rule& rule) {
    if (rule.peer) {
        if (rule.port) return abi::shape_peer_port;
        return rule.proto ? abi::shape_peer_proto : abi::shape_peer_all;
    }
    if (rule.port) return abi::shape_any_port;
    return rule.proto ? abi::shape_any_proto : abi::shape_any_all;
}
}  // namespace

Lab::Lab(const Variant& which) : variant(which), datapath_(Datapath::of(which)) {
    datapath_.reset();
    hop(abi::hop_host, hop_to(host));
    for (const Node* c : containers) {
        hop(c->hop, hop_to(*c));
        crowd(*c, false);
        endpoint(*c);
    }
    identity(host, abi::identity_host, abi::identity_is_node | abi::identity_node_port);
    identity(router, abi::identity_host, abi::identity_is_node | abi::identity_node_port);
    identity(peer_node, peer_node.identity);
    identity(node, abi::identity_host, abi::identity_is_node | abi::identity_node_port);
    identity(friendly, friendly.identity);
    nexthop(hop_gateway, gateway);
    nexthop(hop_link, nobody);
}

// Rows of both families: by this gateway, or on the link.
void Lab::nexthop(std::uint32_t row, const Node& via) {
    const bool on_link = via.name == nobody.name;
    for (const Family of : {Family::v4, Family::v6}) {
        const bool v4 = of == Family::v4;
        abi::Hop h{};
        h.ifindex = uplink_device();
        h.mtu = 1500;
        h.flags = on_link ? abi::hop_on_link : v4 ? abi::hop_via4 : abi::hop_via6;
        std::memcpy(&h.source, node.addr(of).data(), v4 ? 4 : 16);
        abi::NexthopKey key{
            .ifindex = h.ifindex, .family = static_cast<abi::u8>(v4 ? 4 : 6), .via_family = 0, .pad = 0, .via = {}};
        if (!on_link) {
            key.via_family = key.family;
            std::memcpy(&h.via, via.addr(of).data(), v4 ? 4 : 16);
            key.via = h.via;
        }
        const std::uint32_t place = row + (v4 ? 0 : 1);
        hop(place, h);
        must(datapath_.map<abi::NexthopKey, abi::Nexthop>("bl_nexthops")
                 .update(key, abi::sealed(key, abi::Nexthop{0, place})));
    }
}
void Lab::unmask(const Node& n) {
    with_family(family(), [&]<class F>() {
        const typename F::PrefixKey key{sizeof(typename F::Addr) * 8 - 8, addr_of<F>(n)};
        must(datapath_.map<typename F::PrefixKey, std::uint32_t>(map_name<F>("bl_unmasked")).update(key, 1));
    });
}

abi::Hop Lab::hop_to(const Node& n) {
    abi::Hop h{};
    h.ifindex = n.is_container() ? device_of(n) : host_device();
    h.mtu = static_cast<std::uint16_t>(n.mtu);
    std::memcpy(h.dmac, n.mac.data(), 6);
    std::memcpy(h.smac, n.gateway.data(), 6);
    return h;
}
void Lab::hop(std::uint32_t row, const abi::Hop& h) {
    must(datapath_.map<std::uint32_t, abi::Hop>("bl_hops").update(row, h));
}

void Lab::endpoint(const Node& n, std::uint64_t policy, unsigned ifindex) {
    with_family(family(), [&]<class F>() {
        abi::Endpoint row{};
        row.ifindex = ifindex ? ifindex : device_of(n);
        row.policy = policy;
        row.identity = n.identity;
        row.hop = n.hop;
        std::memcpy(row.mac, n.mac.data(), 6);
        row.id = static_cast<std::uint16_t>(n.hop);
        const auto addr = addr_of<F>(n);
        must(datapath_.map<typename F::Addr, abi::Endpoint>(map_name<F>("bl_endpoints"))
                 .update(addr, abi::sealed(addr, row)));
    });
}
void Lab::remove_endpoint(const Node& n) {
    with_family(family(), [&]<class F>() {
        must(datapath_.map<typename F::Addr, abi::Endpoint>(map_name<F>("bl_endpoints")).remove(addr_of<F>(n)));
    });
}
void Lab::spoil_endpoint(const Node& n) {
    with_family(family(), [&]<class F>() {
        const auto map = datapath_.map<typename F::Addr, abi::Endpoint>(map_name<F>("bl_endpoints"));
        auto row = must(map.lookup(addr_of<F>(n))).value();
        row.check++;
        must(map.update(addr_of<F>(n), row));
    });
}
void Lab::identity(const Node& n, std::uint32_t id, std::uint32_t flags) {
    with_family(family(), [&]<class F>() {
        abi::IdentityRow row{};
        row.identity = id;
        row.flags = flags;
        const auto addr = addr_of<F>(n);
        must(datapath_.map<typename F::Addr, abi::IdentityRow>(map_name<F>("bl_identities"))
                 .update(addr, abi::sealed(addr, row)));
    });
}
void Lab::remove_identity(const Node& n) {
    with_family(family(), [&]<class F>() {
        must(datapath_.map<typename F::Addr, abi::IdentityRow>(map_name<F>("bl_identities")).remove(addr_of<F>(n)));
    });
}

void Lab::write_backends(const Served& served, const Backends& backends, std::uint32_t first) {
    with_family(family(), [&]<class F>() {
        const auto array = datapath_.map<std::uint32_t, typename F::Backend>(map_name<F>("bl_backends"));
        const auto loads = datapath_.map<std::uint32_t, std::uint32_t>(map_name<F>("bl_loads"));
        for (std::uint32_t i = 0; i < backends.size(); i++) {
            typename F::Backend b{};
            b.addr = addr_of<F>(backends[i].first);
            b.port = htons(backends[i].second);
            b.weight = served.weights.empty() ? 1 : served.weights.at(i);
            must(array.update(first + i, b));
            must(loads.update(first + i, served.loads.empty() ? 0 : served.loads.at(i)));
        }
    });
}
void Lab::write_table(const std::vector<std::uint16_t>& places, std::uint32_t first) {
    std::vector<abi::PlacesRow> rows((places.size() + abi::places_per_row - 1) / abi::places_per_row);
    for (std::size_t i = 0; i < places.size(); i++)
        rows[i / abi::places_per_row].backend[i % abi::places_per_row] = places[i];
    for (std::uint32_t i = 0; i < rows.size(); i++)
        must(datapath_.map<std::uint32_t, abi::PlacesRow>("bl_places").update(first + i, rows[i]));
}
void Lab::write_front(const Front& front, const abi::Frontend& row) {
    with_family(family(), [&]<class F>() {
        const auto key = front_key<F>(front);
        must(datapath_.map<typename F::FrontendKey, abi::Frontend>(map_name<F>("bl_frontends"))
                 .update(key, abi::sealed(key, row)));
    });
}
void Lab::use_port(abi::PortUse use, std::uint16_t port, std::uint8_t proto) {
    datapath_.use_port(use, port, proto);
    datapath_.use_port(use, 0, proto);
}

void Lab::service(const Front& front, const Backends& backends, std::uint32_t first) {
    write_backends({}, backends, first);
    for (const auto& [backend, port] : backends)
        member(front, backend, port, abi::member_inside);
    abi::Frontend row{};
    row.first = first;
    row.count = static_cast<std::uint16_t>(backends.size());
    row.service = 77;
    write_front(front, row);
}
void Lab::serve(const Front& front, const Served& served) {
    constexpr std::uint32_t first = 100, first_outside = 200, table = 40, table_outside = 600;
    write_backends(served, served.inside, first);
    write_backends(served, served.outside, first_outside);
    abi::Frontend row{};
    row.first = first;
    row.count = static_cast<std::uint16_t>(served.inside.size());
    row.first_outside = first_outside;
    row.count_outside = static_cast<std::uint16_t>(served.outside.size());
    row.flags = served.flags;
    row.service = 77;
    row.affinity_seconds = served.affinity;
    row.algorithm = static_cast<abi::u8>(served.algorithm);
    row.table = table;
    row.table_outside = table_outside;
    row.places = static_cast<std::uint32_t>(served.table.size());
    row.places_outside = static_cast<std::uint32_t>(served.table_outside.size());
    write_table(served.table, table);
    write_table(served.table_outside, table_outside);
    std::map<std::pair<std::string_view, std::uint16_t>, std::pair<Node, std::uint32_t>> members;
    for (const auto& [backend, port] : served.inside)
        members.try_emplace({backend.name, port}, backend, 0).first->second.second |= abi::member_inside;
    for (const auto& [backend, port] : served.outside)
        members.try_emplace({backend.name, port}, backend, 0).first->second.second |= abi::member_outside;
    for (const auto& [place, entry] : members) {
        member(front, entry.first, place.second, entry.second);
        if (entry.first.identity == abi::identity_host) use_port(abi::PortUse::host, place.second, front.proto);
    }
    use_port(abi::PortUse::outside, front.port, front.proto);
    if (front.vip.name == nobody.name) use_port(abi::PortUse::node_port, front.port, front.proto);
    write_front(front, row);
}
void Lab::admit(const Front& front, const Node& who) {
    with_family(family(), [&]<class F>() {
        typename F::RangeKey key{};
        key.length = (sizeof key - sizeof key.length) * 8 - 8;
        key.frontend = addr_of<F>(front.vip);
        key.port = htons(front.port);
        key.proto = front.proto;
        key.client = addr_of<F>(who);
        must(datapath_.map<typename F::RangeKey, std::uint32_t>(map_name<F>("bl_src_ranges")).update(key, 1));
    });
}
void Lab::rest(const Node& n) {
    with_family(family(), [&]<class F>() { datapath_.set_vip(abi::vip_place(addr_of<F>(n))); });
    abi::Frontend row{};
    row.flags = abi::front_outside;
    write_front({n, 0, abi::proto_any}, row);
}
void Lab::remove_service(const Front& front) {
    with_family(family(), [&]<class F>() {
        must(datapath_.map<typename F::FrontendKey, abi::Frontend>(map_name<F>("bl_frontends"))
                 .remove(front_key<F>(front)));
    });
}
void Lab::member(const Front& front, const Node& backend, std::uint16_t port, std::uint32_t uses) {
    with_family(family(), [&]<class F>() {
        abi::Member row{};
        row.uses = uses;
        const auto key = member_key<F>(front, backend, port);
        must(datapath_.map<typename F::MemberKey, abi::Member>(map_name<F>("bl_members"))
                 .update(key, abi::sealed(key, row)));
    });
}
void Lab::remove_member(const Front& front, const Node& backend, std::uint16_t port) {
    with_family(family(), [&]<class F>() {
        must(datapath_.map<typename F::MemberKey, abi::Member>(map_name<F>("bl_members"))
                 .remove(member_key<F>(front, backend, port)));
    });
}

void Lab::policy(const Node& n, const std::vector<abi::Direction>& isolated, const std::vector<Rule>& rules,
                 std::uint32_t set) {
    bool in = false, out = false;
    for (const auto direction : isolated)
        (direction == abi::ingress ? in : out) = true;
    std::uint32_t shapes[2] = {};
    const auto map = datapath_.map<abi::PolicyKey, abi::PolicyRow>("bl_policy");
    for (const Rule& rule : rules) {
        abi::PolicyRow row{};
        row.verdict = static_cast<std::uint32_t>(rule.allows ? abi::PolicyVerdict::allow : abi::PolicyVerdict::deny);
        row.rule = rule.id;
        const auto key = policy_key(set, rule);
        must(map.update(key, abi::sealed(key, row)));
        shapes[rule.direction] |= shape_of(rule);
    }
    endpoint(n, abi::policy_word(set, in, out, shapes[abi::ingress], shapes[abi::egress]));
}

void Lab::bump(const Node& n) {
    datapath_.bump(with_family(family(), [&]<class F>() { return abi::slot_addr(addr_of<F>(n)); }));
}
void Lab::bump_front(const Front& front) {
    datapath_.bump(with_family(family(), [&]<class F>() { return abi::slot_frontend(front_key<F>(front)); }));
}

}  // namespace beeline::packet
