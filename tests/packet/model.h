// The rules of the datapath in plain C++: short enough to be believed, slow, and without any of the datapath's means.
// It keeps no decisions: every packet is decided anew from what the agent has told and from what the connection was
// translated to. That the datapath, which keeps them, does the same is what the differential test shows.
//
// Where the datapath may choose (a backend, a free port), the model reads the choice off the packet that came out, and
// says whether it was legal.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/packet/lab.h"

namespace beeline::packet::model {

using Who = const Node*;  // of the world's nodes, one object each

struct Tuple {
    Who from, to;
    std::uint16_t sport, dport;
    std::uint8_t proto;  // abi::proto_icmp for echoes of both families
    auto operator<=>(const Tuple&) const = default;
    Tuple reversed() const { return {to, from, dport, sport, proto}; }
};

// A packet, as far as rules care.
struct Input {
    abi::Hook hook;
    Who at;  // the container that sends; else null
    Tuple tuple;
    std::uint8_t flags = 0;  // TCP
    std::uint8_t ttl = 64;
};

enum class Way { drop, refuse, container, out, stack, host };

struct Verdict {
    Way way = Way::drop;
    abi::Reason reason = abi::Reason::forwarded;
    Tuple out{};            // as it leaves
    std::string illegal{};  // the datapath's choice is none it may make
};

struct Policy {
    bool isolated[2] = {false, false};  // by abi::Direction
    std::vector<Rule> rules{};
};
struct Service {
    std::vector<std::pair<Who, std::uint16_t>> backends{};
    bool outside = false;  // also for clients that come by the node's device
};
struct Frontend {
    Who vip;  // nobody: all addresses of the node
    std::uint16_t port;
    std::uint8_t proto;
    auto operator<=>(const Frontend&) const = default;
};

class Model {
public:
    // What the agent has told.
    std::map<Who, Policy> containers{};  // of this node, those that are there
    std::map<Frontend, Service> services{};
    std::set<Who> unmasked{};

    // `seen`: the tuple of the packet that came out, for the choices.
    Verdict run(const Input& in, const std::optional<Tuple>& seen);

    struct Side {  // where an end's packets come in
        enum Kind { container, host, netdev } kind;
        Who who = nullptr;
    };
    struct Connection {
        Tuple origin, sent;
        Side opener, answerer;
        std::uint8_t flags[2] = {0, 0};  // FIN and RST seen: from the opener, from the answerer
        bool closed = false, denied = false;
    };
    const std::vector<Connection>& connections() const { return connections_; }
    // The datapath chose without showing it: what comes after is not predicted.
    bool lost_track() const { return lost_; }
    void lose_track() { lost_ = true; }
    bool knows(const Input& in) { return find(in).connection != nullptr; }
    bool chose() const { return chose_; }  // run() had a backend to choose

private:
    struct Found {
        Connection* connection = nullptr;
        bool reply = false;
        bool by_netdev = false;  // who opened it comes by the node's device; also of a packet without a connection
    };
    Found find(const Input& in);
    bool reopens(const Found& found, const Input& in) const;
    static void note_flags(const Found& found, const Input& in);
    const Service* service_of(const Tuple& t) const;
    bool serves_outside(const Tuple& t) const;
    std::optional<Verdict> check_source(const Input& in) const;
    struct Decision {
        std::optional<Verdict> verdict{};
        Tuple origin{}, sent{};
        bool late = false;  // an answer of a backend that was taken out: it changes nothing
    };
    std::optional<abi::Reason> refusal(const Tuple& origin, const Found& found) const;
    Decision translate(const Tuple& origin, const Input& in, const Found& found, const std::optional<Tuple>& seen);
    Decision masquerade(Decision d, const Found& found, const std::optional<Tuple>& seen);
    std::optional<Verdict> identify(const Tuple& sent, const Tuple& origin, bool by_netdev) const;
    std::optional<Verdict> ask(const Tuple& origin, const Tuple& sent, const Input& in, const Found& found) const;
    struct Question {
        abi::Direction direction;
        std::uint32_t peer;
        std::uint8_t proto;
        std::uint16_t port;
    };
    bool allows(Who who, const Question& q) const;
    bool is_taken(const Tuple& answer, const Tuple& origin) const;
    Verdict settle(const Input& in, const Found& found, const Tuple& sent);
    Verdict deliver(const Input& in, const Tuple& out, bool by_netdev) const;

    std::vector<Connection> connections_{};
    bool lost_ = false, chose_ = false;
};

bool is_container_address(Who who);  // an address of the pod range
bool is_reached_out(Who who);        // by the node's device
std::uint32_t identity_of(Who who);

}  // namespace beeline::packet::model
