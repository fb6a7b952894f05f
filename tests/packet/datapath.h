// The loaded programs and their maps, as a test drives them: BPF_PROG_TEST_RUN with a frame in, verdict, frame, mark,
// counters and events out.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/maps.h"
#include "ebpf/object.h"
#include "ebpf/ring_buffer.h"
#include "tests/packet/packet.h"

namespace beeline::packet {

// This kernel has bpf_cast_to_kern_ctx.
bool has_kern_ctx();

// What a row runs under: the same rows hold for all of them.
struct Variant {
    Family family = Family::v4;
    bool kern_ctx = has_kern_ctx();  // false: checksums by helper, as before Linux 6.2
    bool deliver_peer = true;        // false: bpf_redirect to the veth
    bool host_redirect = false;
    bool host_routing = false;                         // to the world by the host's stack
    std::uint16_t nat_first = 1024, nat_last = 29999;  // ports of masqueraded flows
    bool ready = true;
    bool complete = false;  // packets arrive with a whole-packet sum (CHECKSUM_COMPLETE), which must stay right
    // The flow table has grown: every packet finds its flow in the table that was, and every other packet meets a hook
    // that has not been replaced yet.
    bool outgrown = false;
    bool xdp = false;                              // what arrives on the node's device meets bl_xdp first
    bool hasty = false;                            // flows are over after 64 jiffies without a packet
    std::uint32_t flow_entries = 2048;             // of each flow table: small ones are quickly emptied
    std::uint32_t event_bytes = abi::event_bytes;  // of the ring
    std::string name() const;
};
void PrintTo(const Variant& variant, std::ostream* out);  // for GoogleTest

constexpr std::uint32_t mark_bit = 0x00080000;
constexpr std::uint16_t tunnel_port = 6080;
constexpr int verdict_pass = -1, verdict_drop = 2, verdict_redirect = 7;

struct Arrival {
    abi::Hook hook;
    unsigned ifindex;
    std::uint32_t mark = 0;
    unsigned segment = 0;   // gso_size; 0: no super-packet
    bool complete = false;  // with a whole-packet sum, that must fit the packet as it leaves
};

struct Outcome {
    int verdict = 0;
    Frame frame;
    std::uint32_t mark = 0;
    std::map<abi::Reason, std::uint64_t> counted;  // packets, of the hook that ran
    std::uint64_t counted_elsewhere = 0;           // in cells of other hooks
    std::vector<abi::Event> events;
    std::optional<int> xdp{};   // what bl_xdp said, where it ran
    std::array<Mac, 2> macs{};  // … and wrote: destination, source. `frame` has those it came with
};

abi::Config config(const Variant& variant);

// One per variant, loaded when first asked for. Tables are small, so that emptying them is quick.
class Datapath {
public:
    static Datapath& of(const Variant& variant);

    const Variant& variant() const { return variant_; }
    ebpf::Object& object() { return object_; }
    const ebpf::Program& program(abi::Hook hook) const { return programs_.at(hook); }
    // Of the object before this one; only of a variant that is outgrown.
    const ebpf::Program& old_program(abi::Hook hook) const { return old_programs_.at(hook); }
    Outcome run(const Arrival& arrival, const Frame& frame);
    // The packet so many times, its events left in the ring.
    void run_unheard(const Arrival& arrival, const Frame& frame, std::uint32_t times);
    // The kernel's test runs can give a packet a whole-packet sum, and check it.
    bool takes_complete();
    // Every table empty, every counter 0, the TCP budget whole.
    void reset();
    void set_tcp_budget(std::uint32_t flows);
    void hurry(bool on) const;  // a flow table is filling
    void use_port(abi::PortUse use, std::uint16_t port, std::uint8_t proto) {
        ports_[abi::port_row(port)] |= abi::port_bit(use, port, proto);
    }
    void set_vip(std::uint32_t place) { vips_[place / 64] |= std::uint64_t{1} << (place % 64); }
    void empty(std::string_view map) const;
    void bump(std::uint16_t slot) { epochs_[slot]++; }
    // All flows into the tables that were. Only of a variant that is outgrown.
    void outgrow() const;

    // Where an entry may be: the flow table, the one before it grew, the young one.
    template <class K, class V>
    std::vector<ebpf::Map<K, V>> flow_tables(const std::string& family) const {
        std::vector<ebpf::Map<K, V>> tables;
        tables.push_back(map<K, V>("bl_flows" + family));
        for (const auto& former : formers_)
            if (former.info().key_size == sizeof(K))
                tables.push_back(ebpf::Map<K, V>::from_raw(former.duplicate().value()).value());
        tables.push_back(map<K, V>("bl_young" + family));
        return tables;
    }

    template <class K, class V>
    ebpf::Map<K, V> map(std::string_view name) const {
        return ebpf::Map<K, V>::from_raw(object_.raw_map(name).value()).value();
    }
    // As if the kernel itself had sent to no neighbour for this long (units of 64 jiffies).
    void age_neighbours(std::uint32_t units) const;
    // As if the kernel's routes had been asked a moment ago.
    void age_ways() const;

private:
    Datapath(const Variant& variant, ebpf::Object object);
    void forget_budgets() const;
    void zero(const char* map) const;
    void for_each_row(const char* map, const std::function<void(std::span<std::uint32_t>)>& change) const;
    void load_former();
    void take_counts(const std::vector<abi::Counter>& before, abi::Hook hook, Outcome& out) const;
    void take_events(Outcome& out);
    std::optional<Outcome> turn_round(const Arrival& arrival, const Frame& frame);
    void exchange(const ebpf::Object& old, const std::string& family);
    std::vector<abi::Counter> counters() const;

    Variant variant_;
    ebpf::Object object_;
    std::map<abi::Hook, ebpf::Program> programs_, old_programs_{};
    bool old_turn_ = false;
    ebpf::MappedArray<std::uint32_t> epochs_;
    ebpf::MappedArray<abi::NatBucket> buckets_;
    ebpf::MappedArray<std::uint64_t> budget_, ports_, vips_;
    std::vector<ebpf::RawMap> formers_{};  // v4, v6; none unless outgrown
    std::vector<abi::Counter> counted_{};  // as the last run left them; empty: somebody else ran
    std::vector<abi::Event> events_;
    std::unique_ptr<ebpf::RingBuffer> ring_;
};

// Which reasons any row of this program has reached.
std::map<abi::Reason, unsigned>& reached();

}  // namespace beeline::packet
