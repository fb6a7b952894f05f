#include "tests/packet/lab.h"

#include <arpa/inet.h>

#include <cstring>
#include <stdexcept>

#include "bpf/rt/family.h"

namespace beeline::packet {

namespace {
template <class T>
T must(ebpf::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().what);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// fn.template operator()<V4>() or <V6>().
template <class Fn>
auto with_family(Family family, Fn&& fn) {
    return family == Family::v4 ? fn.template operator()<V4>() : fn.template operator()<V6>();
}
template <class F>
std::string map_name(const char* base) {
    return std::string(base) + (is_v4<F> ? "4" : "6");
}
template <class F>
typename F::Addr addr_of(const Node& n) {
    typename F::Addr a;
    std::memcpy(&a, n.addr(is_v4<F> ? Family::v4 : Family::v6).data(), sizeof a);
    return a;
}

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
template <class F>
typename F::Key key_of(const Packet& p) {
    typename F::Key key{};
    key.saddr = addr_of<F>(p.from);
    key.daddr = addr_of<F>(p.to);
    key.sport = htons(p.sport);
    key.dport = htons(p.dport);
    const bool echo = p.kind == Kind::echo || p.kind == Kind::echo_reply;
    key.proto = p.kind == Kind::tcp ? abi::proto_tcp : p.kind == Kind::sctp ? abi::proto_sctp : abi::proto_udp;
    if (echo) key.proto = F::icmp;
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
    identity(host, abi::identity_host, abi::identity_is_node);
    identity(router, abi::identity_host, abi::identity_is_node);
    identity(peer_node, peer_node.identity);
    identity(node, abi::identity_host, abi::identity_is_node);
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

void Lab::service(const Front& front, const Backends& backends, std::uint32_t first) {
    with_family(family(), [&]<class F>() {
        const auto array = datapath_.map<std::uint32_t, typename F::Backend>(map_name<F>("bl_backends"));
        for (std::uint32_t i = 0; i < backends.size(); i++) {
            typename F::Backend b{};
            b.addr = addr_of<F>(backends[i].first);
            b.port = htons(backends[i].second);
            must(array.update(first + i, b));
            member(front, backends[i].first, backends[i].second, abi::MemberState::active);
        }
        abi::Frontend row{};
        row.first = first;
        row.count = static_cast<std::uint16_t>(backends.size());
        row.service = 77;
        const auto key = front_key<F>(front);
        must(datapath_.map<typename F::FrontendKey, abi::Frontend>(map_name<F>("bl_frontends"))
                 .update(key, abi::sealed(key, row)));
    });
}
void Lab::remove_service(const Front& front) {
    with_family(family(), [&]<class F>() {
        must(datapath_.map<typename F::FrontendKey, abi::Frontend>(map_name<F>("bl_frontends"))
                 .remove(front_key<F>(front)));
    });
}
void Lab::member(const Front& front, const Node& backend, std::uint16_t port, abi::MemberState state) {
    with_family(family(), [&]<class F>() {
        abi::Member row{};
        row.state = static_cast<std::uint32_t>(state);
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

Lab::Table Lab::table_of(const Packet& p) {
    return with_family(family(), [&]<class F>() {
        const auto key = key_of<F>(p);
        const bool flows =
            must(datapath_.map<typename F::Key, typename F::Flow>(map_name<F>("bl_flows")).lookup(key)).has_value();
        const bool young =
            must(datapath_.map<typename F::Key, typename F::Flow>(map_name<F>("bl_young")).lookup(key)).has_value();
        if (flows) return young ? Table::both : Table::flows;
        return young ? Table::young : Table::none;
    });
}
std::optional<Lab::Entry> Lab::entry_of(const Packet& p) {
    return with_family(family(), [&]<class F>() -> std::optional<Entry> {
        for (const char* name : {"bl_flows", "bl_young"}) {
            const auto found =
                must(datapath_.map<typename F::Key, typename F::Flow>(map_name<F>(name)).lookup(key_of<F>(p)));
            if (found)
                return Entry{found->packets, found->bytes,  found->flags, found->tcp,
                             found->deliver, found->reason, found->stamp};
        }
        return std::nullopt;
    });
}
void Lab::age(const Packet& p, std::uint32_t units) {
    with_family(family(), [&]<class F>() {
        for (const char* name : {"bl_flows", "bl_young"}) {
            const auto map = datapath_.map<typename F::Key, typename F::Flow>(map_name<F>(name));
            auto found = must(map.lookup(key_of<F>(p)));
            if (!found) continue;
            found->last -= units;
            must(map.update(key_of<F>(p), *found));
        }
    });
}
abi::Candidate Lab::candidate(const Packet& p) const {
    abi::Candidate row{};
    with_family(family(), [&]<class F>() {
        const auto key = key_of<F>(p);
        std::memcpy(&row.key, &key, sizeof key);
        row.family = is_v4<F> ? 4 : 6;
    });
    return row;
}
abi::Candidate Lab::collect(const Packet& p, abi::Collect what) {
    abi::Candidate row = candidate(p);
    row.what = static_cast<abi::u8>(what);
    const auto rows = datapath_.map<std::uint32_t, abi::Candidate>("bl_candidates");
    must(rows.update(0, row));
    must(rows.update(1, {}));
    ebpf::TestRun once;
    once.repeat = 0;
    must(must(datapath_.object().program("bl_collect")).test_run(once));
    return must(rows.lookup(0)).value();
}
void Lab::stamp(const Packet& p, std::uint32_t stamp) {
    with_family(family(), [&]<class F>() {
        for (const char* name : {"bl_flows", "bl_young"}) {
            const auto map = datapath_.map<typename F::Key, typename F::Flow>(map_name<F>(name));
            auto found = must(map.lookup(key_of<F>(p)));
            if (!found) continue;
            found->stamp = stamp;
            must(map.update(key_of<F>(p), *found));
        }
    });
}
void Lab::crowd(const Node& n, bool crowded) {
    const std::uint32_t families = crowded ? abi::crowded4 | abi::crowded6 : 0;
    must(datapath_.map<std::uint32_t, std::uint32_t>("bl_crowded").update(n.hop, families));
}
void Lab::forget(const Packet& p) {
    with_family(family(), [&]<class F>() {
        for (const char* name : {"bl_flows", "bl_young"})
            must(datapath_.map<typename F::Key, typename F::Flow>(map_name<F>(name)).remove(key_of<F>(p)));
    });
}
namespace {
std::vector<abi::Closing> take_all(const ebpf::Queue<abi::Closing>& queue) {
    std::vector<abi::Closing> all;
    while (const auto one = must(queue.pop()))
        all.push_back(*one);
    return all;
}
}  // namespace

std::size_t Lab::closing() {
    const auto queue = must(datapath_.object().queue<abi::Closing>("bl_closing"));
    const auto all = take_all(queue);
    for (const auto& one : all)
        must(queue.push(one));
    return all.size();
}
void Lab::age_closing(std::uint32_t units) {
    const auto queue = must(datapath_.object().queue<abi::Closing>("bl_closing"));
    for (auto one : take_all(queue)) {
        one.when -= units;
        must(queue.push(one));
    }
}

void Lab::fill_flows(std::uint32_t left) {
    with_family(family(), [&]<class F>() {
        const auto map = datapath_.map<typename F::Key, typename F::Flow>(map_name<F>("bl_flows"));
        typename F::Key key{};
        std::vector<typename F::Key> filler;
        for (;; filler.push_back(key)) {
            key.saddr = addr_of<F>(ghost);
            key.sport = static_cast<std::uint16_t>(filler.size());
            if (!map.update(key, {})) break;
        }
        for (; left > 0; left--, filler.pop_back())
            must(map.remove(filler.back()));
    });
}

}  // namespace beeline::packet
