// What the agent would have written, in one line each; and rows: a sentence, packets in, what must come of them.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/packet/datapath.h"
#include "tests/packet/devices.h"

namespace beeline::packet {

using Backends = std::vector<std::pair<Node, std::uint16_t>>;

// An address, port and protocol that is a service.
struct Front {
    Node vip;
    std::uint16_t port;
    std::uint8_t proto;
};

// A frontend that also serves clients from outside. At the address of `nobody` it is a node port.
struct Served {
    Backends inside{}, outside{};
    std::uint8_t flags = abi::front_outside;
    std::uint32_t affinity = 0;  // seconds
    abi::Algorithm algorithm = abi::Algorithm::random;
    std::vector<std::uint16_t> table{}, table_outside{};  // bl_places
    std::vector<std::uint16_t> weights{};                 // of each backend, inside and outside; none: 1
    std::vector<std::uint32_t> loads{};                   // connections of each; none: 0
};

// One row of a policy set; see abi/policy.h for what a 0 stands for.
struct Rule {
    abi::Direction direction;
    std::uint32_t peer;
    std::uint8_t proto;
    std::uint16_t port;
    std::uint32_t id;  // what events call it
    bool allows = true;
};

// The datapath of a variant as the agent leaves it after its start: four containers under no policy, the host, a
// known peer node; no service. Bumps are the caller's, as they are the agent's.
class Lab {
public:
    explicit Lab(const Variant& variant);

    const Variant variant;
    bool outgrows = variant.outgrown;  // before each step: see Datapath::outgrow()
    Family family() const { return variant.family; }
    Datapath& datapath() { return datapath_; }

    void endpoint(const Node& n, std::uint64_t policy = open_policy, unsigned ifindex = 0);
    void remove_endpoint(const Node& n);
    void spoil_endpoint(const Node& n);  // its row looks half written
    void identity(const Node& n, std::uint32_t id, std::uint32_t flags = 0);
    void remove_identity(const Node& n);
    void hop(std::uint32_t row, const abi::Hop& h);
    void nexthop(std::uint32_t row, const Node& via);
    void unmask(const Node& n);  // its network sees containers' own addresses
    static abi::Hop hop_to(const Node& n);
    // Frontend, backends (rows from `first` on) and members. No backends: the service refuses.
    void service(const Front& front, const Backends& backends, std::uint32_t first = 0);
    void serve(const Front& front, const Served& served);
    void admit(const Front& front, const Node& who);  // its network, where the frontend has front_ranges
    void rest(const Node& n);                         // every port without a frontend refuses
    void remove_service(const Front& front);
    void member(const Front& front, const Node& backend, std::uint16_t port, std::uint32_t uses);
    void remove_member(const Front& front, const Node& backend, std::uint16_t port);
    // A set with these rows becomes the container's policy; `isolated` lists directions.
    void policy(const Node& n, const std::vector<abi::Direction>& isolated, const std::vector<Rule>& rules,
                std::uint32_t set = 7);

    void bump(const Node& n);
    void bump_front(const Front& front);
    void bump_global() { datapath_.bump(abi::slot_global); }
    void bump_hop(std::uint32_t row) { datapath_.bump(abi::slot_hop(row)); }

    enum class Table { none, flows, young, both };
    Table table_of(const Packet& p);
    // The entry of a packet's own tuple, as a Flow4 or Flow6 reads it; nullopt: none.
    struct Entry {
        std::uint32_t packets;
        std::uint64_t bytes;
        std::uint8_t flags, tcp, deliver, reason;
        std::uint32_t stamp;
    };
    std::optional<Entry> entry_of(const Packet& p);
    // As if nothing had been heard of the tuple for this long (units of 64 jiffies).
    void age(const Packet& p, std::uint32_t units);
    // The tables that have an entry of this tuple, in the order of Datapath::flow_tables(), and its stamps.
    std::map<unsigned, std::uint32_t> places_of(const Packet& p) const;
    // As a program would that found the entry in that table before it went on.
    void write_late(const Packet& p, unsigned table, std::uint32_t stamp, std::uint8_t tcp);
    abi::Candidate candidate(const Packet& p) const;
    // What bl_collect() answers about the pair of this entry.
    abi::Candidate collect(const Packet& p, abi::Collect what);
    // Of every entry of the table that was, by chance (a bit of `choice` each), as the agent asks for it.
    void move_some(abi::Collect what, std::uint32_t choice);
    void stamp(const Packet& p, std::uint32_t stamp);
    void crowd(const Node& n, bool crowded = true);  // it has its quota of flows
    void forget(const Packet& p);                    // the entry of this tuple alone
    std::size_t closing();                           // length of the queue of closed pairs
    void age_closing(std::uint32_t units);
    // Entries of nobody, until the flow table has room for this many.
    void fill_flows(std::uint32_t left);

    static constexpr std::uint64_t open_policy = abi::policy_word(1, false, false, 0, 0);

private:
    abi::Candidate ask(abi::Candidate row) const;
    void write_backends(const Served& served, const Backends& backends, std::uint32_t first);
    void write_table(const std::vector<std::uint16_t>& places, std::uint32_t first);
    void write_front(const Front& front, const abi::Frontend& row);
    void use_port(abi::PortUse use, std::uint16_t port, std::uint8_t proto);

    Datapath& datapath_;
};

// What must come of a packet.
struct Expect {
    int verdict = verdict_pass;
    abi::Reason reason = abi::Reason::to_stack;
    std::optional<Packet> out{};       // none: the frame is unchanged
    std::optional<Frame> out_frame{};  // likewise, whole
    bool any_frame = false;
    std::optional<std::uint32_t> mark{};
    // Events: none, unless one of these.
    bool news = false;                  // a flow event
    std::optional<abi::Reason> note{};  // counted besides
    std::optional<std::uint32_t> rule{};
    std::optional<Packet> about{};  // addresses and ports of the event
    std::optional<std::pair<Node, std::uint16_t>> backend{};
    std::optional<std::uint8_t> event_flags{};
    std::optional<std::pair<std::uint32_t, std::uint32_t>> identities{};
};

struct Step {
    std::function<void(Lab&)> change{};  // something done between packets; then the rest does not count
    abi::Hook hook = abi::Hook::from_container;
    Node at{};
    std::optional<Packet> in{};
    std::optional<Frame> in_frame{};
    bool chained = false;  // the frame and mark that the step before left
    std::uint32_t mark = 0;
    unsigned segment = 0;
    std::optional<Packet> carried{};  // what a tunnel brings: events are about that
    Expect expect{};

    // The packet goes to this container, changed as given; only addresses and TTL need to be said.
    Step to(const Node& n, const Packet& out) const;
    Step passes(const Packet& out) const;  // up the stack, translated
    Step passes() const;                   // up the stack, unchanged
    Step leaves(const Packet& out) const;  // by the node's device; the kernel will write its MACs
    Step left_alone(abi::Reason reason) const;
    Step dropped(abi::Reason reason) const;
    Step refused(abi::Reason reason, const Packet& reply) const;  // dropped, and the sender gets this
    Step answered(const Frame& reply) const;
    Step quietly(abi::Reason reason) const;  // dropped without an event
    Step news() const {
        return with([](Expect& e) { e.news = true; });
    }
    Step noted(abi::Reason reason) const {
        return with([=](Expect& e) { e.note = reason; });
    }
    Step rule(std::uint32_t id) const {
        return with([=](Expect& e) { e.rule = id; });
    }
    Step carrying(const Packet& p) const {
        Step copy = *this;
        copy.carried = p;
        return copy;
    }
    Step about(const Packet& p) const {
        return with([&](Expect& e) { e.about = p; });
    }
    Step backend(const Node& n, std::uint16_t port) const {
        return with([&](Expect& e) { e.backend = {n, port}; });
    }
    Step flagged(std::uint8_t flags) const {
        return with([=](Expect& e) { e.event_flags = flags; });
    }
    Step between(std::uint32_t source, std::uint32_t destination) const {
        return with([=](Expect& e) { e.identities = {source, destination}; });
    }
    Step marked(std::uint32_t m) const {
        return with([=](Expect& e) { e.mark = m; });
    }
    Step arriving_marked(std::uint32_t m) const;
    Step segments(unsigned bytes) const;

private:
    template <class Edit>
    Step with(Edit&& edit) const {
        Step copy = *this;
        edit(copy.expect);
        return copy;
    }
};

// What a container puts on its wire; what leaves by beeline_host; what arrives on beeline_net; what the host's stack
// puts on a container's wire.
Step sends(const Node& container, const Packet& p);
Step sends(const Node& container, const Frame& f);
Step host_sends(const Packet& p);
Step host_sends(const Frame& f);
Step pair_carries(const Packet& p);
Step stack_sends(const Node& container, const Packet& p);
Step stack_sends(const Node& container, const Frame& f);
Step arrives(const Packet& p);  // on the node's device
Step arrives(const Frame& f);
Step then(abi::Hook hook, const Node& container);  // the packet that the last step sent on, at the next hook
Step change(std::function<void(Lab&)> what);

struct Row {
    const char* sentence;
    std::vector<Step> steps;
    std::optional<Family> only{};
};

void run_rows(const Variant& variant, const std::vector<Row>& rows);
// One step in a lab that stands already; `last` is what the step before it left.
void run_step(Lab& lab, const Step& step, Outcome& last);

class Packets : public testing::TestWithParam<Variant> {};

// Rows that hold under every variant.
#define PACKET_ROWS(name, ...)                                        \
    TEST_P(Packets, name) {                                           \
        const std::vector<::beeline::packet::Row> rows = __VA_ARGS__; \
        ::beeline::packet::run_rows(GetParam(), rows);                \
    }

}  // namespace beeline::packet
