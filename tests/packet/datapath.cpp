#include "tests/packet/datapath.h"

#include <algorithm>
#include <cstring>
#include <ostream>
#include <set>
#include <stdexcept>

#include "ebpf/features.h"
#include "tests/packet/devices.h"
#include "tests/packet/elf.h"
#include "tests/packet/family.h"

namespace beeline::packet {

namespace {
constexpr std::uint32_t run_complete = 1U << 2;  // BPF_F_TEST_SKB_CHECKSUM_COMPLETE, Linux 6.17 and stable backports

abi::Addr4 addr4(std::string_view text) {
    abi::Addr4 a;
    std::memcpy(&a, address(text).data(), sizeof a);
    return a;
}
abi::Addr6 addr6(std::string_view text) {
    abi::Addr6 a;
    std::memcpy(&a, address(text).data(), sizeof a);
    return a;
}

std::string program_name(abi::Hook hook) {
    return std::string("bl_") + abi::hook_name(hook);
}

// What no test of this variant runs.
void skip_unused(ebpf::Object& object, const Variant& variant) {
    for (const auto& name : object.program_names())
        if (name.find("bl_connect") == 0 || name.find("bl_sendmsg") == 0 || name.find("bl_recvmsg") == 0 ||
            name.find("bl_getpeername") == 0 || name.find("bl_bind") == 0 || name == "bl_sock_release" ||
            name == "bl_join" || name == "bl_message" || (!variant.xdp && name.find("bl_first") == 0))
            must(object.skip_program(name));
    for (const char* map : {"bl_joined", "bl_joints", "bl_turns"})
        must(object.skip_map(map));
}

ebpf::Object load(const Variant& variant) {
    auto object = must(ebpf::Object::open(datapath_elf()));
    must(object.set_rodata(config(variant), "bl_config"));
    for (const char* name : {"bl_flows4", "bl_flows6", "bl_young4", "bl_young6"})
        must(object.set_max_entries(name, variant.flow_entries));
    must(object.set_max_entries("bl_events", variant.event_bytes));
    skip_unused(object, variant);
    must(object.load());
    const auto slow = must(object.raw_map("bl_slow")), first = must(object.raw_map("bl_first"));
#define X(name, slot) must(must(object.program(#name)).put_into(slow, slot));
    BEELINE_SLOW(X)
#undef X
#define X(name, slot) \
    if (variant.xdp) must(must(object.program(#name)).put_into(first, slot));
    BEELINE_FIRST(X)
#undef X
    return object;
}
__sk_buff context(const Arrival& arrival) {
    __sk_buff ctx{};
    ctx.ifindex = arrival.ifindex;
    ctx.mark = arrival.mark;
    ctx.gso_size = arrival.segment;
    return ctx;
}
}  // namespace

bool has_kern_ctx() {
    static const bool present = ebpf::probe(ebpf::Feature::cast_to_kern_ctx).present;
    return present;
}

std::string Variant::name() const {
    std::string text = family == Family::v4 ? "v4" : "v6";
    if (kern_ctx != has_kern_ctx()) text += "_helpers";
    if (!deliver_peer) text += "_veth";
    if (host_redirect) text += "_hostredirect";
    if (host_routing) text += "_hostrouting";
    if (hasty) text += "_hasty";
    if (outgrown) text += "_outgrown";
    if (xdp) text += "_xdp";
    if (nat_last != Variant{}.nat_last) text += "_nat" + std::to_string(nat_last);
    if (!ready) text += "_notready";
    if (flow_entries != Variant{}.flow_entries) text += "_" + std::to_string(flow_entries);
    if (event_bytes != Variant{}.event_bytes) text += "_ring" + std::to_string(event_bytes);
    return complete ? text + "_complete" : text;
}

void PrintTo(const Variant& variant, std::ostream* out) {
    *out << variant.name();
}

namespace {
// Units of 64 jiffies: at 250 Hz about 4 a second.
void set_timeouts(const Variant& variant, abi::Config& c) {
    c.timeout_tcp_syn = 240;
    c.timeout_tcp = 100000;
    c.timeout_tcp_closing = 120;
    c.timeout_udp = 120;
    c.timeout_udp_replied = 480;
    c.timeout_icmp = 20;
    c.close_linger = 40;
    c.hurry_linger = 4;
    if (variant.hasty) c.timeout_udp = c.timeout_udp_replied = 0;
}
}  // namespace

abi::Config config(const Variant& variant) {
    abi::Config c{};
    c.ready = variant.ready;
    c.host_ifindex = host_device();
    c.net_ifindex = net_device();
    c.mark = mark_bit;
    c.router4 = addr4(router.v4);
    c.router6 = addr6(router.v6);
    c.loopback4 = addr4(loopback.v4);
    c.loopback6 = addr6(loopback.v6);
    c.service_net4 = addr4("10.96.0.0");
    c.service_mask4 = addr4("255.240.0.0");
    c.service_net6 = addr6("fd96::");
    c.service_mask6 = addr6("ffff:ffff:ffff:ffff:ffff:ffff:ffff::");
    c.pod_net4 = addr4("10.0.0.0");
    c.pod_mask4 = addr4("255.255.255.0");
    c.pod_net6 = addr6("fd00::");
    c.pod_mask6 = addr6("ffff:ffff:ffff:ffff::");
    c.deliver_peer = variant.deliver_peer;
    c.kern_ctx = variant.kern_ctx;
    c.csum_ipv6 = ebpf::probe(ebpf::Feature::csum_ipv6).present;
    c.host_redirect = variant.host_redirect;
    c.remote = 1;
    c.host_routing = variant.host_routing;
    c.masquerade4 = c.masquerade6 = 1;
    c.nat_first = variant.nat_first;
    c.nat_last = variant.nat_last;
    c.tunnel_port = tunnel_port;
    c.nat_pause = 1000;
    c.nat_secret[0] = 0x0123;
    c.nat_secret[1] = 0x4567;
    set_timeouts(variant, c);
    return c;
}

std::map<abi::Reason, unsigned>& reached() {
    static std::map<abi::Reason, unsigned> all;
    return all;
}

Datapath& Datapath::of(const Variant& variant) {
    static std::map<std::string, std::unique_ptr<Datapath>> loaded;
    Variant shared = variant;  // one object serves both families and both kinds of sums
    shared.family = Family::v4;
    shared.complete = false;
    auto& place = loaded[shared.name()];
    if (!place) place.reset(new Datapath(variant, load(variant)));
    place->variant_ = variant;
    return *place;
}

Datapath::Datapath(const Variant& variant, ebpf::Object object)
    : variant_(variant),
      object_(std::move(object)),
      epochs_(must(ebpf::map_array<std::uint32_t>(must(object_.raw_map(".data.epochs"))))),
      buckets_(must(ebpf::map_array<abi::NatBucket>(must(object_.raw_map("bl_nat_buckets"))))),
      budget_(must(ebpf::map_array<std::uint64_t>(must(object_.raw_map(".data.budget"))))),
      ports_(must(ebpf::map_array<std::uint64_t>(must(object_.raw_map("bl_ports"))))),
      vips_(must(ebpf::map_array<std::uint64_t>(must(object_.raw_map("bl_vips"))))) {
    for (const auto hook : {abi::Hook::from_container, abi::Hook::to_container, abi::Hook::from_host,
                            abi::Hook::to_host, abi::Hook::from_netdev, abi::Hook::to_netdev, abi::Hook::xdp})
        programs_.emplace(hook, must(object_.program(program_name(hook))));
    if (variant.outgrown) load_former();
    auto take = [this](std::span<const std::byte> bytes) {
        abi::Event event{};
        std::memcpy(&event, bytes.data(), std::min(bytes.size(), sizeof event));
        events_.push_back(event);
    };
    ring_ = std::make_unique<ebpf::RingBuffer>(must(ebpf::RingBuffer::open(must(object_.raw_map("bl_events")), take)));
}

// An object over the same maps but for what is each object's own; the slow path of the later one serves both.
void Datapath::load_former() {
    auto old = must(ebpf::Object::open(datapath_elf()));
    must(old.set_rodata(config(variant_), "bl_config"));
    skip_unused(old, variant_);
    for (const char* name : {"bl_flows4", "bl_flows6"})
        must(old.set_max_entries(name, variant_.flow_entries * 2));
    const std::set<std::string> own{"bl_flows4", "bl_flows6", "bl_scratch", "bl_neighbours",
                                    "bl_ways",   "bl_other4", "bl_other6",  ".rodata"};
    for (const auto& map : old.map_names())
        if (!own.contains(map)) must(old.reuse_map(map, must(object_.map_fd(map))));
    must(old.load());
    exchange(old, "4");
    exchange(old, "6");
    for (const auto& [hook, program] : programs_)
        old_programs_.emplace(hook, must(old.program(program_name(hook))));
}

// The flow table of each goes into the slot of the other.
void Datapath::exchange(const ebpf::Object& old, const std::string& family) {
    auto former = must(old.raw_map("bl_flows" + family));
    const auto put = [&](const ebpf::Object& object, const ebpf::RawMap& table) {
        const std::uint32_t slot = 0, fd = static_cast<std::uint32_t>(table.fd());
        must(must(object.raw_map("bl_other" + family))
                 .update(std::as_bytes(std::span(&slot, 1)), std::as_bytes(std::span(&fd, 1))));
    };
    put(object_, former);
    put(old, must(object_.raw_map("bl_flows" + family)));
    formers_.push_back(std::move(former));
}

namespace {
template <class Key, class Flow>
void move_all(const ebpf::Map<Key, Flow>& from, const ebpf::Map<Key, Flow>& to) {
    std::vector<Key> keys(from.info().max_entries);
    std::vector<Flow> flows(keys.size());
    ebpf::BatchCursor cursor;
    const auto found = must(from.lookup_batch(cursor, std::span(keys), std::span(flows)));
    for (std::size_t i = 0; i < found; i++) {
        if (flows[i].last == 0) continue;  // nobody's: Lab::fill_flows()
        must(to.update(keys[i], flows[i]));
        must(from.remove(keys[i]));
    }
}
}  // namespace

void Datapath::outgrow() const {
    const auto v4 = flow_tables<abi::FlowKey4, abi::Flow4>("4");
    const auto v6 = flow_tables<abi::FlowKey6, abi::Flow6>("6");
    move_all(v4.at(0), v4.at(1));
    move_all(v6.at(0), v6.at(1));
}

std::vector<abi::Counter> Datapath::counters() const {
    const auto map = must(object_.per_cpu_map<std::uint32_t, abi::Counter>("bl_counters"));
    std::vector<abi::Counter> sums(abi::reason_slots * abi::hook_slots);
    const auto read = [&](std::uint32_t cell) {
        const auto cpus = must(map.lookup(cell)).value();
        for (const auto& one : cpus) {
            sums[cell].packets += one.packets;
            sums[cell].bytes += one.bytes;
        }
    };
#define X(reason, code, text)          \
    for (const auto& hook : programs_) \
        read(abi::counter_index(abi::Reason::reason, hook.first));
    BEELINE_REASONS(X)
#undef X
    return sums;
}

void Datapath::run_unheard(const Arrival& arrival, const Frame& frame, std::uint32_t times) {
    counted_.clear();
    const __sk_buff ctx = context(arrival);
    ebpf::TestRun run;
    run.data_in = std::as_bytes(std::span(frame));
    run.ctx_in = std::as_bytes(std::span(&ctx, 1));
    run.repeat = times;
    must(programs_.at(arrival.hook).test_run(run));
}

bool Datapath::takes_complete() {
    Frame frame(64);
    frame[12] = 0x88;  // no IP: nothing is changed
    ebpf::TestRun run;
    run.data_in = std::as_bytes(std::span(frame));
    run.flags = run_complete;
    return programs_.at(abi::Hook::to_host).test_run(run).has_value();
}

void Datapath::take_counts(const std::vector<abi::Counter>& before, abi::Hook hook, Outcome& out) const {
    for (std::uint32_t i = 0; i < counted_.size(); i++) {
        const auto packets = counted_[i].packets - before[i].packets;
        const auto reason = static_cast<abi::Reason>(i / abi::hook_slots);
        if (packets && i % abi::hook_slots != static_cast<std::uint32_t>(hook)) out.counted_elsewhere += packets;
        if (packets && i % abi::hook_slots == static_cast<std::uint32_t>(hook)) {
            out.counted[reason] = packets;
            reached()[reason]++;
        }
    }
}

Outcome Datapath::run(const Arrival& arrival, const Frame& frame) {
    __sk_buff ctx = context(arrival);
    const auto before = counted_.empty() ? counters() : std::move(counted_);
    auto turned = turn_round(arrival, frame);
    if (turned) {
        counted_ = counters();
        take_counts(before, abi::Hook::xdp, *turned);
        take_events(*turned);
        return *turned;
    }
    ebpf::TestRun run;
    run.data_in = std::as_bytes(std::span(frame));
    run.ctx_in = std::as_bytes(std::span(&ctx, 1));
    run.flags = arrival.complete ? run_complete : 0;
    old_turn_ = !old_turn_ && !old_programs_.empty();
    const auto result = must((old_turn_ ? old_program(arrival.hook) : program(arrival.hook)).test_run(run));
    counted_ = counters();

    Outcome out;
    out.verdict = static_cast<int>(result.retval);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(result.data_out.data());
    out.frame.assign(bytes, bytes + result.data_out.size());
    std::memcpy(&ctx, result.ctx_out.data(), sizeof ctx);
    out.mark = ctx.mark;
    take_counts(before, arrival.hook, out);
    take_events(out);
    return out;
}

void Datapath::take_events(Outcome& out) {
    events_.clear();
    must(ring_->consume());
    out.events = events_;
}

namespace {
void empty_map(const ebpf::RawMap& raw) {
    std::vector<std::byte> keys(raw.info().key_size), all;
    while (must(raw.next_key(all.empty() ? std::span<const std::byte>{} : keys, keys))) {
        all.insert(all.end(), keys.begin(), keys.end());
    }
    for (std::size_t at = 0; at < all.size(); at += keys.size()) {
        std::memcpy(keys.data(), &all[at], keys.size());
        must(raw.remove(keys));
    }
}
}  // namespace

void Datapath::empty(std::string_view name) const {
    empty_map(must(object_.raw_map(name)));
}

void Datapath::reset() {
#define X(name, kind, key, value, entries, writer) \
    if (std::string_view(#kind).ends_with("Hash") || std::string_view(#kind) == "LpmTrie") empty(#name);
    BEELINE_MAPS(X)
#undef X
    old_turn_ = false;
    for (const auto& former : formers_)
        empty_map(former);
    for (std::size_t i = 0; i < buckets_.size(); i++)
        buckets_[i] = {};
    for (std::size_t i = 0; i < ports_.size(); i++)
        ports_[i] = 0;
    for (std::size_t i = 0; i < vips_.size(); i++)
        vips_[i] = 0;
    const auto closing = must(object_.queue<abi::Closing>("bl_closing"));
    while (must(closing.pop())) {
    }
    for (std::size_t slot = 0; slot < epochs_.size(); slot++)
        epochs_[slot] = 0;
    forget_budgets();
    set_tcp_budget(16384);
    hurry(false);
    events_.clear();
    must(ring_->consume());
}

void Datapath::hurry(bool on) const {
    const std::uint32_t only = 0, value = on;
    must(must(object_.raw_map(".data.hurry"))
             .update(std::as_bytes(std::span(&only, 1)), std::as_bytes(std::span(&value, 1))));
}

// Of events too: what the test before has used up is not this one's.
void Datapath::forget_budgets() const {
    zero("bl_scratch");
    zero("bl_ways");
    if (variant_.xdp) zero("bl_neighbours");
}

// Of a per-CPU array.
void Datapath::zero(const char* map) const {
    const auto raw = must(object_.raw_map(map));
    const std::size_t row = (raw.info().value_size + 7) / 8 * 8;
    const std::vector<std::byte> nothing(row * must(ebpf::possible_cpus()));
    for (std::uint32_t index = 0; index < raw.info().max_entries; index++)
        must(raw.update(std::as_bytes(std::span(&index, 1)), nothing));
}

void Datapath::set_tcp_budget(std::uint32_t flows) {
    const std::uint64_t generation = (budget_[0] >> 32) + 1;
    budget_[0] = generation << 32 | flows;
}

}  // namespace beeline::packet
