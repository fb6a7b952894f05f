// Who stands behind a Service: from its EndpointSlices or, if it has none but a selector, from local containers and
// Pods with matching labels.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "model/snapshot.h"
#include "plan/plan.h"

namespace beeline::compile {

// Whom a member is meant for, by node or by zone.
struct Hint {
    bool given = false, ours = false;  // ours: this node, or its zone, is among them
};
// What EndpointSlices say of one address and port, seen from this node.
struct Conditions {
    bool ready = false, serving = false, terminating = false;
    bool local = false;  // on this node
    Hint node{}, zone{};
    unsigned weight = 1;  // 0: it keeps its flows and gets no new ones
};
struct AddrPort {
    Addr addr;
    Port port;
    auto operator<=>(const AddrPort&) const = default;
};
using Members = std::map<AddrPort, Conditions>;

// Finds the members of Services in the snapshot that it was last updated to, into which it keeps references.
class MemberIndex {
public:
    MemberIndex() = default;
    explicit MemberIndex(const model::Snapshot& snapshot) { update(snapshot); }

    // Of the Services of `now`, those whose members may be others than before.
    std::set<model::Name> update(const model::Snapshot& now);

    // Members of one port of a Service, in both families; what several slices say of one member is merged.
    Members of(const model::Service& service, const model::ServicePort& port) const;

private:
    struct Candidate {  // a pod that a selector may choose
        const model::Labels* labels;
        const model::Pod* pod;  // null: a local container without manifest
        std::vector<Addr> addrs;
        bool local, same_zone;  // on this node, in its zone
        bool failing;           // its probes do not succeed
    };
    using LabelKey = std::tuple<std::string, std::string, std::string>;  // namespace, key, value
    using Slices = std::map<model::Name, const model::EndpointSlice*>;   // of one Service, by name

    std::set<model::Name> update_slices(const model::Snapshot& now);
    std::set<model::Name> update_local(const model::Snapshot& now);
    std::set<model::Name> update_candidates(const model::Snapshot& now);
    void remove(const model::EndpointSlice& slice);
    void find_candidates(const model::Snapshot& now);
    void enter(const std::string& ns, Candidate candidate);
    Conditions conditions_of(const model::SliceEndpoint& endpoint) const;
    Members from_slices(const Slices& slices, const model::ServicePort& port) const;
    Members from_selector(const model::Service& service, const model::ServicePort& port) const;

    model::Snapshot snapshot_{};
    std::string zone_{};                      // of this node; empty: not known
    std::set<Addr> local_{};                  // addresses of local containers
    std::map<model::Name, Slices> slices_{};  // by Service
    std::vector<Candidate> candidates_{};
    std::map<LabelKey, std::vector<std::size_t>> by_label_{};  // positions in candidates_
};

}  // namespace beeline::compile
