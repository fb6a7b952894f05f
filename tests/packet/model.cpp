#include "tests/packet/model.h"

#include <algorithm>
#include <tuple>

namespace beeline::packet::model {

namespace {
using abi::Reason;

bool one_of(Who who, std::initializer_list<Who> list) {
    return std::ranges::find(list, who) != list.end();
}
bool is_node(Who who) {
    return one_of(who, {&host, &router, &node});
}
bool is_service_range(Who who) {
    return one_of(who, {&vip, &vip2});
}
bool opens(const Input& in, bool reply) {
    return !reply && (in.flags & (syn | ack)) == syn;
}
bool in_nat_range(std::uint16_t port) {
    return port >= Variant{}.nat_first && port <= Variant{}.nat_last;
}
Verdict dropped(Reason reason) {
    return {.way = Way::drop, .reason = reason};
}
Verdict refused(Reason reason) {
    return {.way = Way::refuse, .reason = reason};
}
}  // namespace

bool is_container_address(Who who) {
    return one_of(who, {&client, &web, &api, &other, &ghost, &router});
}
bool is_reached_out(Who who) {
    return one_of(who, {&far, &near, &friendly});
}
std::uint32_t identity_of(Who who) {
    if (is_node(who)) return abi::identity_host;
    return who->identity ? who->identity : static_cast<std::uint32_t>(abi::identity_world);
}

// The connection this packet is of, if it comes by the way that end's packets come.
Model::Found Model::find(const Input& in) {
    const auto comes_by = [&](const Side& side) {
        if (in.hook == abi::Hook::from_container) return side.kind == Side::container && side.who == in.at;
        if (side.kind == Side::netdev) return true;  // also what the host's stack hands over
        return side.kind == Side::host && in.hook == abi::Hook::from_host;
    };
    for (Connection& c : connections_) {
        if (c.origin == in.tuple) return comes_by(c.opener) ? Found{&c, false} : Found{};
        if (c.sent.reversed() == in.tuple) return comes_by(c.answerer) ? Found{&c, true} : Found{};
    }
    return {};
}

bool Model::reopens(const Found& found, const Input& in) const {
    const Connection& c = *found.connection;
    const bool over = c.closed || ((c.flags[0] | c.flags[1]) & (fin | rst)) != 0;
    return !c.denied && (in.flags & (syn | ack)) == syn && over;
}

void Model::note_flags(const Found& found, const Input& in) {
    Connection& c = *found.connection;
    if (in.tuple.proto != abi::proto_tcp || c.denied) return;
    std::uint8_t& mine = c.flags[found.reply ? 1 : 0];
    const std::uint8_t theirs = c.flags[found.reply ? 0 : 1];
    if (in.flags & (fin | rst)) {
        mine |= in.flags & (fin | rst);
        if ((mine & theirs & fin) || (in.flags & rst)) c.closed = true;
    } else if (mine & rst) {  // a reset that did not end it
        mine &= static_cast<std::uint8_t>(~rst);
        if (!(mine & theirs & fin)) c.closed = false;
    }
}

std::optional<Verdict> Model::check_source(const Input& in) const {
    const Tuple& t = in.tuple;
    if (t.to == &group) return dropped(in.hook == abi::Hook::from_container ? Reason::multicast : Reason::absorbed);
    if (t.to == &localhost || t.from == &localhost || t.from == &group) return dropped(Reason::martian);
    if (in.hook == abi::Hook::from_container) {
        const bool its_own = t.from == in.at && containers.contains(t.from);
        return its_own ? std::nullopt : std::optional(dropped(Reason::bad_source));
    }
    const bool own = t.from == &router && in.hook == abi::Hook::from_host;
    return is_container_address(t.from) && !own ? std::optional(dropped(Reason::bad_source)) : std::nullopt;
}

const Service* Model::service_of(const Tuple& t) const {
    auto service = services.find({t.to, t.dport, t.proto});
    if (service == services.end() && is_node(t.to)) service = services.find({&nobody, t.dport, t.proto});
    return service == services.end() ? nullptr : &service->second;
}
bool Model::serves_outside(const Tuple& t) const {
    const Service* service = service_of(t);
    return service && service->outside;
}

// Nobody serves this, though a service address was asked for.
std::optional<Reason> Model::refusal(const Tuple& origin, const Found& found) const {
    const Service* service = service_of(origin);
    if (service && (service->outside || !found.by_netdev)) return std::nullopt;
    const bool was_served = found.by_netdev && !is_container_address(origin.to);
    return service || is_service_range(origin.to) || was_served ? std::optional(Reason::no_service) : std::nullopt;
}

// Service and backend. What a connection was translated to it keeps: while the backend is one, for TCP also while
// somebody has the address.
Model::Decision Model::translate(const Tuple& origin, const Input& in, const Found& found,
                                 const std::optional<Tuple>& seen) {
    Decision d{.origin = origin, .sent = origin};
    const Connection* known = found.connection;
    const Service* service = service_of(origin);
    if (const auto reason = refusal(origin, found)) d.verdict = refused(*reason);
    if (!service && known && known->sent.to == origin.to) d.sent = known->sent;
    if (!service || d.verdict) return d;
    const auto& backends = service->backends;
    const auto is_backend = [&](const Tuple& t) {
        return std::ranges::find(backends, std::pair(t.to, t.dport)) != backends.end();
    };
    if (known && known->sent.to != origin.to) {
        const bool lives =
            containers.contains(known->sent.to) || is_node(known->sent.to) || known->sent.to->identity >= 2000;
        const bool kept = is_backend(known->sent) || (origin.proto == abi::proto_tcp && lives);
        d.late = !kept && found.reply && origin.proto == abi::proto_udp;  // it was on its way
        if (kept || d.late) {
            d.sent = known->sent;
            return d;
        }
    }
    if (backends.empty())
        d.verdict = refused(Reason::no_backend);
    else if (origin.proto == abi::proto_tcp && !opens(in, found.reply))
        d.verdict = refused(Reason::no_flow);
    if (d.verdict) return d;
    if (found.reply) {  // a backend is chosen, but this packet does not show which
        lost_ = true;
        return d;
    }
    chose_ = true;
    const Tuple choice =
        seen.value_or(Tuple{origin.from, backends[0].first, origin.sport, backends[0].second, origin.proto});
    d.sent.to = choice.to;
    d.sent.dport = choice.dport;
    if (!is_backend(d.sent)) d.verdict = Verdict{.illegal = "the backend is none of the service"};
    if (d.sent.to == origin.from && !found.by_netdev) d.sent.from = &loopback;
    return d;
}

// The world sees the node's address. The port is the connection's own, unless it is taken or, masqueraded, out of
// range.
Model::Decision Model::masquerade(Decision d, const Found& found, const std::optional<Tuple>& seen) {
    const Connection* known = found.connection;
    const bool settled = known && known->sent.to == d.sent.to && known->sent.from == d.sent.from;
    const bool container = is_container_address(d.sent.from) && identity_of(d.sent.to) == abi::identity_world &&
                           !unmasked.contains(d.sent.to);
    const bool own = is_node(d.sent.from) && !is_container_address(d.sent.from) && d.sent.to != d.origin.to;
    const bool client = found.by_netdev && d.sent.to != d.origin.to;
    const bool masked = is_reached_out(d.sent.to) && (container || own || client) && !settled;
    if (masked) d.sent.from = &node;
    if ((known && known->sent == d.sent) || d.verdict) return d;
    const bool good = !is_taken(d.sent.reversed(), d.origin) && (!masked || in_nat_range(d.sent.sport));
    if (good) return d;
    if (found.reply || !seen) {  // a port is chosen that this packet does not show
        lost_ = true;
        return d;
    }
    d.sent.sport = seen->sport;
    if (is_taken(d.sent.reversed(), d.origin)) d.verdict = Verdict{.illegal = "the port is another connection's"};
    if (masked && !in_nat_range(d.sent.sport)) d.verdict = Verdict{.illegal = "the port is out of range"};
    return d;
}

bool Model::is_taken(const Tuple& answer, const Tuple& origin) const {
    return std::ranges::any_of(connections_, [&](const Connection& c) {
        return c.origin != origin && (c.origin == answer || c.sent.reversed() == answer);
    });
}

std::optional<Verdict> Model::identify(const Tuple& sent, const Tuple& origin, bool by_netdev) const {
    for (const Who who : {origin.from, sent.to})
        if (is_container_address(who) && !containers.contains(who) && !is_node(who))
            return dropped(Reason::no_endpoint);
    if (by_netdev && (containers.contains(origin.from) || is_node(origin.from))) return dropped(Reason::martian);
    return std::nullopt;
}

// The most exact row decides: of this peer before all peers, and of those the one with port before the one without.
bool Model::allows(Who who, const Question& q) const {
    const Policy& policy = containers.at(who);
    if (!policy.isolated[q.direction]) return true;
    const std::uint16_t port = q.proto == abi::proto_icmp ? std::uint16_t{0} : q.port;
    const Rule shapes[] = {
        {q.direction, q.peer, q.proto, port, 0}, {q.direction, q.peer, q.proto, 0, 0}, {q.direction, q.peer, 0, 0, 0},
        {q.direction, 0, q.proto, port, 0},      {q.direction, 0, q.proto, 0, 0},      {q.direction, 0, 0, 0, 0},
    };
    for (const Rule& shape : shapes) {
        const auto rule = std::ranges::find_if(policy.rules, [&](const Rule& r) {
            return std::tie(r.direction, r.peer, r.proto, r.port) ==
                   std::tie(shape.direction, shape.peer, shape.proto, shape.port);
        });
        if (rule != policy.rules.end()) return rule->allows;
    }
    return false;
}

std::optional<Verdict> Model::ask(const Tuple& origin, const Tuple& sent, const Input& in, const Found& found) const {
    const bool source = containers.contains(origin.from), hairpin = source && sent.to == origin.from;
    const bool destination = containers.contains(sent.to);
    if (hairpin || (!source && is_node(origin.from))) return std::nullopt;
    const auto from = identity_of(origin.from), to = identity_of(sent.to);
    if (source && !allows(origin.from, {abi::egress, to, sent.proto, sent.dport}))
        return dropped(Reason::policy_denied_egress);
    if (destination && !allows(sent.to, {abi::ingress, from, sent.proto, sent.dport}))
        return dropped(Reason::policy_denied_ingress);
    if (origin.proto != abi::proto_tcp || found.connection || opens(in, false)) return std::nullopt;
    // Amid a connection that is not known: only if the other end could have opened it as well.
    const bool out = !destination || allows(sent.to, {abi::egress, from, sent.proto, origin.sport});
    const bool back = !source || is_node(sent.to) || allows(origin.from, {abi::ingress, to, sent.proto, origin.sport});
    return out && back ? std::nullopt : std::optional(dropped(Reason::no_flow));
}

Verdict Model::deliver(const Input& in, const Tuple& out, bool by_netdev) const {
    Verdict v{.out = out};
    if (containers.contains(out.to))
        v.way = Way::container;
    else if (is_reached_out(out.to))
        v.way = Way::out;
    else
        v.way = by_netdev ? Way::host : Way::stack;
    const bool forwards = v.way == Way::container || v.way == Way::out;
    if (forwards && in.ttl <= 1) return refused(Reason::ttl_exceeded);
    v.reason = v.way == Way::stack ? Reason::to_stack : Reason::forwarded;
    return v;
}

// The connection as it is from now on, and the packet on its way.
Verdict Model::settle(const Input& in, const Found& found, const Tuple& sent) {
    const Tuple origin = found.connection ? found.connection->origin : in.tuple;
    const bool by_netdev =
        found.connection ? found.connection->opener.kind == Side::netdev : in.hook == abi::Hook::from_netdev;
    Connection* c = found.connection;
    if (!c) {
        std::erase_if(connections_,
                      [&](const Connection& other) { return other.origin == origin; });  // came another way
        c = &connections_.emplace_back(Connection{.origin = origin, .sent = sent, .opener = {}, .answerer = {}});
        c->flags[0] = in.flags & (fin | rst);
    }
    const auto side = [&](Who who, bool device) -> Side {
        if (containers.contains(who)) return {Side::container, who};
        return {device ? Side::netdev : Side::host, nullptr};
    };
    c->sent = sent;
    c->denied = false;
    c->opener = side(origin.from, by_netdev);
    c->answerer = side(sent.to, is_reached_out(sent.to));
    if (found.reply && sent.reversed() != in.tuple) return dropped(Reason::no_flow);  // it answers what is no more
    const Side& sender = found.reply ? c->answerer : c->opener;
    return deliver(in, found.reply ? origin.reversed() : sent, sender.kind == Side::netdev);
}

Verdict Model::run(const Input& in, const std::optional<Tuple>& seen) {
    chose_ = false;
    Found found = find(in);
    if (found.connection && in.tuple.proto == abi::proto_tcp && reopens(found, in)) {
        std::erase_if(connections_, [&](const Connection& c) { return &c == found.connection; });
        found = {};
    }
    const bool netdev = in.hook == abi::Hook::from_netdev;
    const bool ours = found.connection ? in_nat_range(in.tuple.dport) || !found.reply : serves_outside(in.tuple);
    if (netdev && !is_container_address(in.tuple.to) && !ours)
        return {.way = Way::stack, .reason = Reason::not_ours, .out = in.tuple};
    if (found.connection) note_flags(found, in);
    const Tuple origin = found.connection ? found.connection->origin : in.tuple;
    found.by_netdev = found.connection ? found.connection->opener.kind == Side::netdev : netdev;
    if (const auto wrong = check_source(in)) return *wrong;
    Decision d = translate(origin, in, found, seen);
    if (d.verdict || lost_) return d.verdict.value_or(Verdict{});
    if (const auto wrong = identify(d.sent, origin, found.by_netdev)) return *wrong;
    d = masquerade(d, found, seen);
    if (d.verdict || lost_) return d.verdict.value_or(Verdict{});
    if (const auto denied = ask(origin, d.sent, in, found)) {
        if (found.connection && !d.late) found.connection->denied = true;
        return *denied;
    }
    if (d.late) return deliver(in, origin.reversed(), found.connection->answerer.kind == Side::netdev);
    return settle(in, found, d.sent);
}

}  // namespace beeline::packet::model
