// Node ports of Services: who has which, and which one a port gets that names none. In a cluster the API server does
// this; here the store does. TCP and UDP may have the same number.
//
// A port that a Service does not name is the number that it has for the same port by another protocol, or one chosen
// by a hash of the Service's name and the port and probing from there, above the static band first (the band is left
// to ports named by people), so that the same manifests give the same ports.
#pragma once
#include <compare>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "model/problem.h"
#include "model/snapshot.h"
#include "store/store.h"

namespace beeline::store {

class NodePorts {
public:
    NodePorts(Port first, Port last) : first_(first.value), last_(last.value) {}

    struct Given {
        std::vector<Port> ports;  // of Service::ports, in their order; 0: none
        Port health_check;        // 0: none
    };
    struct Request {
        model::Name name;
        const model::Service* wanted = nullptr;  // as the manifest says it
        std::uint64_t order = 0;                 // of two that want one port, the lower one gets it
        // Answer: what the Service has, or the field, value and reason of the refusal.
        std::expected<Given, model::Problem> given{};
    };
    // Decides about all changed Services of one edit together, so that they may pass ports on to each other.
    // Who holds a port keeps it against newcomers. A refused Service keeps what it holds.
    void settle(std::vector<Request>& requests);
    void release(const model::Name& name);

    // What was in force in an earlier run: a port that names none gets its old one if nobody has it, and others are
    // given it only when nothing else is left.
    void remember(const model::Name& name, const std::vector<HeldPort>& ports);
    NodePortTable table() const;
    // A larger number after every change of the table.
    std::uint64_t version() const { return version_; }

private:
    struct Number {
        Proto proto;
        Port port;
        auto operator<=>(const Number&) const = default;
    };
    using Held = std::vector<HeldPort>;
    struct Slot;
    struct Work;
    class Round;

    Work draft(Request& request) const;
    bool in_range(Port port) const { return port.value >= first_ && port.value <= last_; }
    void commit(const Work& work);

    std::uint16_t first_, last_;
    std::map<Number, model::Name> owners_;
    std::map<model::Name, Held> held_;
    std::map<model::Name, Held> remembered_;  // of Services not seen yet
    std::map<Number, model::Name> reserved_;  // the same by number
    std::uint64_t version_ = 0;
};

}  // namespace beeline::store
