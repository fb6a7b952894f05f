#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

#include "tests/packet/lab.h"
#include "tests/packet/show.h"

namespace beeline::packet {

namespace {
Step at(abi::Hook hook, const Node& node) {
    Step s;
    s.hook = hook;
    s.at = node;
    return s;
}
Step with_packet(Step s, const Packet& p) {
    s.in = p;
    return s;
}
Step with_frame(Step s, const Frame& f) {
    s.in_frame = f;
    return s;
}
Step expecting(Step s, int verdict, abi::Reason reason) {
    s.expect = {};
    s.expect.verdict = verdict;
    s.expect.reason = reason;
    return s;
}
}  // namespace

Step sends(const Node& c, const Packet& p) {
    return with_packet(at(abi::Hook::from_container, c), p);
}
Step sends(const Node& c, const Frame& f) {
    return with_frame(at(abi::Hook::from_container, c), f);
}
Step host_sends(const Packet& p) {
    return with_packet(at(abi::Hook::from_host, host), p);
}
Step host_sends(const Frame& f) {
    return with_frame(at(abi::Hook::from_host, host), f);
}
Step pair_carries(const Packet& p) {
    return with_packet(at(abi::Hook::to_host, host), p);
}
Step stack_sends(const Node& c, const Packet& p) {
    return with_packet(at(abi::Hook::to_container, c), p);
}
Step stack_sends(const Node& c, const Frame& f) {
    return with_frame(at(abi::Hook::to_container, c), f);
}
Step arrives(const Packet& p) {
    return with_packet(at(abi::Hook::from_netdev, node), p);
}
Step arrives(const Frame& f) {
    return with_frame(at(abi::Hook::from_netdev, node), f);
}
Step then(abi::Hook hook, const Node& c) {
    Step s = at(hook, c);
    s.chained = true;
    return s;
}
Step change(std::function<void(Lab&)> what) {
    Step s;
    s.change = std::move(what);
    return s;
}

Step Step::to(const Node& n, const Packet& out) const {
    const bool there = hook == abi::Hook::to_container;
    Step s = expecting(*this, there ? verdict_pass : verdict_redirect, abi::Reason::forwarded);
    s.expect.out = out.into(n);
    return s;
}
Step Step::passes() const {
    return expecting(*this, verdict_pass, abi::Reason::to_stack);
}
Step Step::passes(const Packet& out) const {
    Step s = passes();
    s.expect.out = out;
    return s;
}
Step Step::leaves(const Packet& out) const {
    Step s = expecting(*this, verdict_redirect, abi::Reason::forwarded);
    s.expect.out = out;
    s.expect.mark = mark | mark_bit;
    return s;
}
Step Step::left_alone(abi::Reason reason) const {
    return expecting(*this, verdict_pass, reason);
}
Step Step::dropped(abi::Reason reason) const {
    Step s = expecting(*this, verdict_drop, reason);
    s.expect.any_frame = true;
    return s;
}
Step Step::quietly(abi::Reason reason) const {
    return dropped(reason);
}
Step Step::refused(abi::Reason reason, const Packet& reply) const {
    Step s = expecting(*this, verdict_redirect, reason);
    s.expect.out = reply;
    return s;
}
Step Step::answered(const Frame& reply) const {
    Step s = expecting(*this, verdict_redirect, abi::Reason::answered);
    s.expect.out_frame = reply;
    return s;
}
Step Step::arriving_marked(std::uint32_t m) const {
    Step s = *this;
    s.mark = m;
    return s;
}
Step Step::segments(unsigned bytes) const {
    Step s = *this;
    s.segment = bytes;
    return s;
}

namespace {
Arrival arrival_of(const Step& step) {
    const bool on_pair = step.hook == abi::Hook::from_host || step.hook == abi::Hook::to_host;
    unsigned device = on_pair ? host_device() : device_of(step.at);  // 0: of no container
    if (step.hook == abi::Hook::to_host) device = net_device();
    if (step.hook == abi::Hook::from_netdev || step.hook == abi::Hook::to_netdev) device = uplink_device();
    return {step.hook, device, step.mark, step.segment};
}

std::uint32_t expected_mark(const Lab& lab, const Step& step, std::uint32_t arrived) {
    const Expect& e = step.expect;
    if (e.mark) return *e.mark;
    const bool container = step.hook == abi::Hook::from_container || step.hook == abi::Hook::from_netdev;
    if (e.verdict != verdict_redirect)
        return step.hook == abi::Hook::to_container || step.hook == abi::Hook::to_netdev ? arrived & ~mark_bit
                                                                                         : arrived;
    if (e.reason != abi::Reason::forwarded) return container ? mark_bit : 0;
    return container && lab.variant.deliver_peer ? 0 : arrived | mark_bit;
}

Frame expected_frame(const Lab& lab, const Step& step, const Frame& in) {
    if (step.expect.out) return step.expect.out->frame(lab.family());
    return step.expect.out_frame.value_or(in);
}

void check_frame(const Lab& lab, const Step& step, const Frame& in, const Outcome& got) {
    const Expect& e = step.expect;
    if (e.any_frame) return;
    const std::string diff = difference(expected_frame(lab, step, in), got.frame);
    EXPECT_TRUE(diff.empty()) << diff;
}

std::string counted_text(const Outcome& got) {
    std::string text;
    for (const auto& [reason, packets] : got.counted)
        text += fmt::format("{} {} ", abi::reason_name(reason), packets);
    return text + (got.counted_elsewhere ? fmt::format("and {} at other hooks", got.counted_elsewhere) : "");
}

bool same_address(const std::uint32_t (&words)[4], const Node& n, Family family) {
    return std::memcmp(words, n.addr(family).data(), family == Family::v4 ? 4 : 16) == 0;
}

void check_event_details(const Lab& lab, const Step& step, const abi::Event& got) {
    const Expect& e = step.expect;
    if (e.rule) EXPECT_EQ(got.rule, *e.rule) << "rule of the event";
    if (e.event_flags) EXPECT_EQ(got.flags, *e.event_flags) << "flags of the event";
    if (e.identities)
        EXPECT_EQ(std::pair(got.src_identity, got.dst_identity), *e.identities) << "identities of the event";
    if (e.about) {
        EXPECT_TRUE(same_address(got.saddr, e.about->from, lab.family()))
            << "event: source is not " << e.about->from.name;
        EXPECT_TRUE(same_address(got.daddr, e.about->to, lab.family()))
            << "event: destination is not " << e.about->to.name;
        EXPECT_EQ(ntohs(got.sport), e.about->sport) << "event: source port";
        EXPECT_EQ(ntohs(got.dport), e.about->dport) << "event: destination port";
    }
    if (e.backend) {
        EXPECT_TRUE(same_address(got.backend, e.backend->first, lab.family()))
            << "event: backend is not " << e.backend->first.name;
        EXPECT_EQ(ntohs(got.backend_port), e.backend->second) << "event: backend port";
    }
}

bool reports(const Step& step, const Frame& in) {
    const bool ip = in.size() > 13 && ((in[12] == 0x08 && in[13] == 0) || (in[12] == 0x86 && in[13] == 0xdd));
    return step.expect.news || (ip && abi::is_drop(step.expect.reason));
}

// XDP decides for the devices' own hook.
bool may_be_early(Lab& lab, const Step& step) {
    return lab.datapath().variant().xdp && step.hook == abi::Hook::from_netdev && step.expect.news;
}

void check_events(Lab& lab, const Step& step, const Frame& in, const Outcome& got) {
    ASSERT_EQ(got.events.size(), reports(step, in) ? 1U : 0U) << "events";
    if (got.events.empty()) return;
    const abi::Event& event = got.events.front();
    EXPECT_EQ(event.kind, static_cast<std::uint8_t>(step.expect.news ? abi::EventKind::flow : abi::EventKind::drop));
    const bool early = event.hook == static_cast<std::uint8_t>(abi::Hook::xdp);
    EXPECT_TRUE(event.hook == static_cast<std::uint8_t>(step.hook) || (early && may_be_early(lab, step)))
        << "hook of the event: " << int{event.hook};
    EXPECT_EQ(event.family, lab.family() == Family::v4 ? 4 : 6) << "family of the event";
    const auto& carried = step.carried;
    EXPECT_EQ(event.length, carried ? carried->frame(lab.family()).size() : in.size()) << "length in the event";
    EXPECT_EQ(event.ifindex, arrival_of(step).ifindex) << "device of the event";
    const auto reason = step.expect.news ? abi::Reason::forwarded : step.expect.reason;
    EXPECT_STREQ(abi::reason_name(static_cast<abi::Reason>(event.reason)), abi::reason_name(reason))
        << "reason of the event";
    check_event_details(lab, step, event);
}

// EBADMSG: the whole-packet sum of the receiver no longer fits the packet (Variant::complete).
std::optional<Outcome> run_caught(Lab& lab, const Arrival& arrival, const Frame& in) {
    try {
        return lab.datapath().run(arrival, in);
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what() << "\nin at " << abi::hook_name(arrival.hook) << ": " << summary(in);
        return std::nullopt;
    }
}

const char* verdict_name(int verdict) {
    if (verdict == verdict_pass) return "pass";
    if (verdict == verdict_drop) return "drop";
    return verdict == verdict_redirect ? "redirect" : "something else";
}
}  // namespace

void run_step(Lab& lab, const Step& step, Outcome& last) {
    if (step.change) return step.change(lab);
    Frame in = step.chained ? last.frame : Frame{};
    if (step.in) in = step.in->frame(lab.family());
    if (step.in_frame) in = *step.in_frame;
    Arrival arrival = arrival_of(step);
    if (step.chained) arrival.mark = last.mark;
    // The kernel forgets the sum of a packet whose length is changed; the test run would go on to check it.
    arrival.complete = lab.variant.complete && expected_frame(lab, step, in).size() == in.size();
    if (lab.outgrows) lab.datapath().outgrow();
    const auto ran = run_caught(lab, arrival, in);
    if (!ran) return;
    const Outcome& got = *ran;
    SCOPED_TRACE(fmt::format("in at {}: {}", abi::hook_name(step.hook), summary(in)));
    SCOPED_TRACE(fmt::format("counted: {}", counted_text(got)));
    EXPECT_STREQ(verdict_name(got.verdict), verdict_name(step.expect.verdict));
    const bool marked = (arrival.mark & mark_bit) != 0;
    const bool handed_on = step.hook == abi::Hook::to_container ? marked : step.hook == abi::Hook::to_netdev && !marked;
    if (!handed_on) {
        std::map<abi::Reason, std::uint64_t> once{{step.expect.reason, 1}};
        if (step.expect.note) once.emplace(*step.expect.note, 1);
        EXPECT_TRUE(got.counted == once && got.counted_elsewhere == 0)
            << "expected one " << abi::reason_name(step.expect.reason) << ", got " << counted_text(got);
    }
    check_frame(lab, step, in, got);
    EXPECT_EQ(got.mark, expected_mark(lab, step, arrival.mark)) << "mark";
    check_events(lab, step, in, got);
    last = got;
}

void run_rows(const Variant& variant, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        if (row.only && *row.only != variant.family) continue;
        SCOPED_TRACE(row.sentence);
        Lab lab(variant);
        Outcome last;
        for (std::size_t i = 0; i < row.steps.size(); i++) {
            SCOPED_TRACE(fmt::format("step {} of {}", i + 1, row.steps.size()));
            run_step(lab, row.steps[i], last);
        }
    }
}

}  // namespace beeline::packet
