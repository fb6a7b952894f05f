// Random packets under random rules, through the loaded programs and through the model (model.h). What differs is cut
// down to the few steps that show it.
//
//   BEELINE_DIFFERENTIAL_SECONDS  how long a family is tried (by default some seconds)
//   BEELINE_DIFFERENTIAL_SEED     the first sequence's number; a failure prints the one to set
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/packet/model.h"
#include "tests/packet/show.h"

namespace beeline::packet {
namespace {
using model::Input;
using model::Model;
using model::Tuple;
using model::Way;
using model::Who;

// Raw numbers; what they mean depends on what is there when their turn comes. So any part of a sequence is one too.
struct Op {
    std::uint32_t kind, a, b, c, d;
};
using Sequence = std::vector<Op>;

constexpr std::array<Who, 4> pods{&client, &web, &api, &other};
constexpr std::array<Who, 4> vips{&vip, &vip2, &outside, &nobody};  // nobody: node ports
constexpr std::array<Who, 17> everybody{&client, &web,  &api,     &other, &ghost, &host, &router,   &world, &peer_node,
                                        &vip,    &vip2, &outside, &node,  &near,  &far,  &friendly, &group};
constexpr std::array<Who, 5> host_senders{&host, &router, &world, &peer_node, &client};
constexpr std::array<Who, 7> wire_senders{&far, &near, &friendly, &world, &node, &client, &host};
constexpr std::array<Who, 4> backends{&web, &api, &client, &far};
constexpr std::array<std::uint16_t, 2> clients_ports{4000, 4001}, servers_ports{80, 53};
constexpr std::array<std::uint8_t, 7> flag_sets{syn, syn | ack, ack, ack, psh | ack, fin | ack, rst};
constexpr std::array<std::uint8_t, 4> protocols{abi::proto_tcp, abi::proto_tcp, abi::proto_udp, abi::proto_icmp};

template <class Range>
auto pick(const Range& range, std::uint32_t number) {
    return range[number % range.size()];
}

// The real thing and the model, told the same.
class Twins {
public:
    explicit Twins(const Variant& variant) : lab_(variant) {
        for (const Who who : pods)
            model_.containers[who] = {};
    }

    // What differs, in words; empty: nothing.
    std::string step(const Op& op) {
        if (lab_.variant.outgrown && op.kind % 64 < 16) return grow(op);
        switch (op.kind % 8) {
            case 0:
                return edit(op);
            case 1:
            case 2:
            case 3:
                return run(opening(op));
            default:
                return model_.connections().empty() ? run(opening(op)) : run(going_on(op));
        }
    }
    bool lost_track() const { return model_.lost_track(); }
    const std::string& told() const { return told_; }

private:
    Input opening(const Op& op) const {
        const auto hook = pick(std::array{abi::Hook::from_container, abi::Hook::from_container, abi::Hook::from_host,
                                          abi::Hook::from_netdev},
                               op.a);
        Input in{.hook = hook, .at = hook == abi::Hook::from_container ? pick(pods, op.a >> 8) : nullptr, .tuple = {}};
        Tuple& t = in.tuple;
        t.from = in.at;
        if (hook == abi::Hook::from_host) t.from = pick(host_senders, op.a >> 8);
        if (hook == abi::Hook::from_netdev) t.from = pick(wire_senders, op.a >> 8);
        if (in.at && op.d % 16 == 0) t.from = pick(everybody, op.d >> 8);  // not its own
        t.to = pick(everybody, op.b);
        t.proto = pick(protocols, op.b >> 8);
        t.sport = op.c % 8 == 0 ? std::uint16_t{45000} : pick(clients_ports, op.c >> 8);
        t.dport = t.proto == abi::proto_icmp ? std::uint16_t{0} : pick(servers_ports, op.c >> 16);
        if (t.proto == abi::proto_tcp) in.flags = op.d & 0x80 ? std::uint8_t{syn} : pick(flag_sets, op.d >> 4);
        const bool plain = in.at && model::is_container_address(t.to);
        if (plain && op.d % 32 == 1) in.ttl = 1;
        return in;
    }
    Input going_on(const Op& op) const {
        const auto& c = pick(model_.connections(), op.a);
        const bool reply = op.b & 1;
        Input in{.hook = {}, .at = nullptr, .tuple = reply ? c.sent.reversed() : c.origin};
        const Model::Side& side = reply ? c.answerer : c.opener;
        const bool container = side.kind == Model::Side::container;
        in.at = container ? side.who : nullptr;
        in.hook = container                          ? abi::Hook::from_container
                  : side.kind == Model::Side::netdev ? abi::Hook::from_netdev
                                                     : abi::Hook::from_host;
        if (op.b % 64 == 2) {  // from elsewhere
            in.at = pick(pods, op.c);
            in.hook = abi::Hook::from_container;
        }
        if (in.tuple.proto == abi::proto_tcp) in.flags = pick(flag_sets, op.d >> 4);
        return in;
    }

    Packet packet(const Tuple& t, const Input& in) const {
        Packet p = udp(*t.from, *t.to, t.sport, t.dport);
        if (t.proto == abi::proto_tcp) p = tcp(*t.from, *t.to, t.sport, t.dport).flags(in.flags);
        if (t.proto == abi::proto_icmp)
            p = t.dport == 0 ? echo(*t.from, *t.to, t.sport) : echo_reply(*t.from, *t.to, t.dport);
        if (in.hook == abi::Hook::from_container) return p.macs(in.at->gateway, in.at->mac).ttl(in.ttl);
        const Node& side = in.hook == abi::Hook::from_netdev ? far : host;
        return p.macs(side.gateway, side.mac).ttl(in.ttl);
    }
    unsigned device(const Input& in) const {
        if (in.hook == abi::Hook::from_container) return device_of(*in.at);
        return in.hook == abi::Hook::from_netdev ? uplink_device() : host_device();
    }

    Who owner(const std::uint8_t* bytes) const {
        const std::size_t size = lab_.family() == Family::v4 ? 4 : 16;
        for (const Who who : everybody)
            if (std::equal(bytes, bytes + size, who->addr(lab_.family()).begin())) return who;
        return std::equal(bytes, bytes + size, loopback.addr(lab_.family()).begin()) ? &loopback : nullptr;
    }
    std::optional<Tuple> tuple_of(const Frame& f, std::uint8_t proto) const {
        const bool v4 = lab_.family() == Family::v4;
        const std::size_t at = v4 ? 26 : 22, size = v4 ? 4 : 16, l4 = v4 ? 34 : 54;
        if (f.size() < l4 + 8) return std::nullopt;
        const auto number = [&](std::size_t place) { return static_cast<std::uint16_t>(f[place] << 8 | f[place + 1]); };
        Tuple t{owner(&f[at]), owner(&f[at + size]), number(l4), number(l4 + 2), proto};
        const bool request = f[l4] == 8 || f[l4] == 128;
        if (proto == abi::proto_icmp) t.sport = request ? number(l4 + 4) : std::uint16_t{0};
        if (proto == abi::proto_icmp) t.dport = request ? std::uint16_t{0} : number(l4 + 4);
        return t.from && t.to ? std::optional(t) : std::nullopt;
    }

    static std::string line(const Input& in) {
        const Tuple& t = in.tuple;
        return fmt::format("{} {}: {} {}:{} -> {}:{} flags {:02x} ttl {}", abi::hook_name(in.hook),
                           in.at ? in.at->name : "", t.proto, t.from->name, t.sport, t.to->name, t.dport, in.flags,
                           in.ttl);
    }
    std::string run(const Input& in) {
        const Frame frame = packet(in.tuple, in).frame(lab_.family());
        const Outcome got = lab_.datapath().run({in.hook, device(in)}, frame);
        const bool sent_on =
            got.verdict != verdict_drop && got.counted.size() == 1 && !abi::is_drop(got.counted.begin()->first);
        told_ = line(in);
        if (sent_on) return judge(in, tuple_of(got.frame, in.tuple.proto), frame, got);
        // What was chosen does not show: any of the choices may be why it was dropped.
        const Model before = model_;
        std::string wrong = judge(in, std::nullopt, frame, got);
        for (const Who who : backends) {
            if (wrong.empty()) break;
            model_ = before;
            wrong = judge(in, Tuple{in.tuple.from, who, in.tuple.sport, 8080, in.tuple.proto}, frame, got);
        }
        return wrong;
    }
    std::string judge(const Input& in, const std::optional<Tuple>& seen, const Frame& frame, const Outcome& got) {
        const bool known = !model_.connections().empty() && model_.knows(in);
        const auto want = model_.run(in, seen);
        if (known && got.verdict == verdict_drop && model_.chose()) model_.lose_track();
        return model_.lost_track() ? "" : compare(in, frame, want, got);
    }
    std::string compare(const Input& in, const Frame& frame, const model::Verdict& want, const Outcome& got) const {
        if (!want.illegal.empty()) return want.illegal;
        const auto reason = got.counted.size() == 1 ? got.counted.begin()->first : abi::Reason::no_config;
        if (reason != want.reason)
            return fmt::format("counted {}, not {}", abi::reason_name(reason), abi::reason_name(want.reason));
        if (want.way == Way::drop && got.verdict == verdict_drop) return "";
        if (want.way == Way::refuse && got.verdict != verdict_pass) return "";  // answered, or not if it was a reset
        const int verdict = want.way == Way::stack ? verdict_pass : verdict_redirect;
        if (got.verdict != verdict) return fmt::format("verdict {}, not {}", got.verdict, verdict);
        Packet out = packet(want.out, in);
        const auto less = static_cast<std::uint8_t>(in.ttl - 1);
        if (want.way == Way::container) out = out.ttl(less).into(*want.out.to);
        if (want.way == Way::out) out = out.ttl(less);
        if (want.way == Way::host) out = out.into(host);
        return difference(want.reason == abi::Reason::not_ours ? frame : out.frame(lab_.family()), got.frame);
    }

    // What an agent would do, and it bumps everything: which counters it moves is tested elsewhere.
    std::string edit(const Op& op) {
        switch (op.a % 4) {
            case 0:
                change_service(op);
                break;
            case 1:
                change_policy(op);
                break;
            case 2:
                change_mask(op);
                break;
            default:
                change_container(op);
        }
        lab_.bump_global();
        return "";
    }
    // Some way on while the flow table grows: the model knows nothing of it.
    std::string grow(const Op& op) {
        switch (op.a % 3) {
            case 0:
                told_ = "the flow table grows";
                lab_.datapath().outgrow();
                break;
            case 1:
                told_ = "entries are copied";
                lab_.move_some(abi::Collect::copy, op.b);
                break;
            default:
                told_ = "copied entries are settled";
                lab_.move_some(abi::Collect::settle, op.b);
        }
        return "";
    }
    void change_service(const Op& op) {
        const model::Frontend front{pick(vips, op.b), pick(servers_ports, op.b >> 8),
                                    op.b >> 16 & 1 ? abi::proto_tcp : abi::proto_udp};
        const Front wire{*front.vip, front.port, front.proto};
        for (const auto& [who, port] : model_.services[front].backends)
            lab_.remove_member(wire, *who, port);
        const bool there = told_services_.contains(front);
        if (op.c % 4 == 0) {
            if (there) lab_.remove_service(wire);
            told_services_.erase(front);
            model_.services.erase(front);
            told_ = fmt::format("no service {}:{}/{}", front.vip->name, front.port, front.proto);
            return;
        }
        model::Service service;
        Backends wired;
        told_ = fmt::format("service {}:{}/{} by", front.vip->name, front.port, front.proto);
        for (const Who who : backends)
            if (op.d >> service.backends.size() * 3 & 1) {
                service.backends.emplace_back(who, 8080);
                wired.emplace_back(*who, 8080);
                told_ += fmt::format(" {}", who->name);
            }
        service.outside = (front.vip == &outside || front.vip == &nobody) && op.c % 4 != 1;
        if (service.outside) told_ += ", for clients from outside too";
        if (service.outside || front.vip == &nobody)
            lab_.serve(wire, {.inside = wired,
                              .outside = service.outside ? wired : Backends{},
                              .flags = static_cast<std::uint8_t>(service.outside ? abi::front_outside : 0)});
        else
            lab_.service(wire, wired, next_backend_);
        next_backend_ += 4;
        told_services_.insert(front);
        model_.services[front] = service;
    }
    void change_policy(const Op& op) {
        const Who who = pick(pods, op.b);
        model::Policy policy;
        std::vector<abi::Direction> isolated;
        for (const auto direction : {abi::ingress, abi::egress})
            if (op.c >> direction & 1) {
                policy.isolated[direction] = true;
                isolated.push_back(direction);
            }
        std::mt19937 random(op.d);
        constexpr std::array<std::uint32_t, 6> peers{0, 0, 1002, 1003, 2, 2009};
        told_ = fmt::format("policy of {}: {}{}", who->name, policy.isolated[0] ? "ingress " : "",
                            policy.isolated[1] ? "egress" : "");
        for (std::uint32_t i = 0; i < op.d % 5; i++) {
            Rule r{random() & 1 ? abi::ingress : abi::egress, pick(peers, random()), 0, 0, i + 1};
            if (random() & 1) r.proto = pick(protocols, random());
            if (r.proto == abi::proto_icmp && lab_.family() == Family::v6) r.proto = abi::proto_icmp6;
            if (r.proto && random() & 1) r.port = random() & 1 ? 80 : 8080;
            r.allows = random() % 4 != 0;
            const auto same = [&](const Rule& q) {
                return std::tie(q.direction, q.peer, q.proto, q.port) == std::tie(r.direction, r.peer, r.proto, r.port);
            };
            if (std::ranges::any_of(policy.rules, same)) continue;
            policy.rules.push_back(r);
            told_ += fmt::format("; {} {} peer {} proto {} port {}", r.allows ? "allow" : "deny",
                                 r.direction == abi::ingress ? "from" : "to", r.peer, r.proto, r.port);
        }
        if (model_.containers.contains(who)) lab_.policy(*who, isolated, policy.rules, next_set_++);
        for (Rule& r : policy.rules)
            if (r.proto == abi::proto_icmp6) r.proto = abi::proto_icmp;
        if (model_.containers.contains(who)) model_.containers[who] = policy;
    }
    void change_mask(const Op& op) {
        const Who who = op.b & 1 ? &far : &near;
        told_ = fmt::format("{} sees containers' addresses", who->name);
        if (model_.unmasked.contains(who)) return;
        lab_.unmask(*who);
        model_.unmasked.insert(who);
    }
    void change_container(const Op& op) {
        const Who who = pick(pods, op.b);
        const bool there = model_.containers.contains(who);
        told_ = fmt::format("{} {}", who->name, there ? "goes" : "comes");
        if (there && op.c % 2) return;
        if (there) {
            lab_.remove_endpoint(*who);
            model_.containers.erase(who);
        } else {
            lab_.endpoint(*who);
            model_.containers[who] = {};
        }
    }

    Lab lab_;
    Model model_;
    std::string told_;
    std::set<model::Frontend> told_services_;
    std::uint32_t next_backend_ = 0, next_set_ = 100;
};

// What goes wrong in this sequence, and a line for each of its steps.
struct Trial {
    std::string wrong, story;
};
Trial attempt(const Variant& variant, const Sequence& sequence) {
    Twins twins(variant);
    Trial trial;
    for (const Op& op : sequence) {
        trial.wrong = twins.step(op);
        trial.story += twins.told() + "\n";
        if (!trial.wrong.empty() || twins.lost_track()) break;
    }
    return trial;
}

// Leaves out parts, large ones first, as long as it still goes wrong.
Sequence shrink(const Variant& variant, Sequence sequence) {
    for (std::size_t part = sequence.size() / 2; part > 0; part /= 2)
        for (std::size_t at = 0; at + part <= sequence.size();) {
            Sequence shorter = sequence;
            const auto begin = shorter.begin() + static_cast<std::ptrdiff_t>(at);
            shorter.erase(begin, begin + static_cast<std::ptrdiff_t>(part));
            if (attempt(variant, shorter).wrong.empty())
                at += part;
            else
                sequence = shorter;
        }
    return sequence;
}

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

// Family, and whether the flow table grows meanwhile.
class Differential : public testing::TestWithParam<std::pair<Family, bool>> {};
TEST_P(Differential, programs_and_model_agree) {
    Variant variant;
    variant.family = GetParam().first;
    variant.outgrown = GetParam().second;
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(number_from("BEELINE_DIFFERENTIAL_SECONDS", 5));
    std::uint64_t seed = number_from("BEELINE_DIFFERENTIAL_SEED", std::random_device{}());
    std::size_t sequences = 0;
    for (; std::chrono::steady_clock::now() < end; seed++, sequences++) {
        std::mt19937_64 random(seed);
        Sequence sequence(60);
        for (Op& op : sequence)
            for (std::uint32_t* number : {&op.kind, &op.a, &op.b, &op.c, &op.d})
                *number = static_cast<std::uint32_t>(random() >> 16);
        if (attempt(variant, sequence).wrong.empty()) continue;
        const Trial least = attempt(variant, shrink(variant, sequence));
        FAIL() << "BEELINE_DIFFERENTIAL_SEED=" << seed << "\n" << least.story << least.wrong;
    }
    RecordProperty("sequences", std::to_string(sequences));
    std::cout << sequences << " sequences of 60 steps\n";
}
INSTANTIATE_TEST_SUITE_P(Families, Differential,
                         testing::Values(std::pair{Family::v4, false}, std::pair{Family::v6, false},
                                         std::pair{Family::v4, true}, std::pair{Family::v6, true}),
                         [](const auto& info) {
                             return std::string(info.param.first == Family::v4 ? "v4" : "v6") +
                                    (info.param.second ? "_growing" : "");
                         });

}  // namespace
}  // namespace beeline::packet
