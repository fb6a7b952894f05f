// Cluster addresses of Services: who has which, and which one a Service gets that names none. In a cluster the API
// server does this; here the store does.
//
// An address that a Service does not name is chosen by a hash of its name and probing from there, above the static
// band first (the band is left to addresses named by people), so that the same manifests give the same addresses.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/problem.h"
#include "model/snapshot.h"

namespace beeline::store {

using ClusterIpTable = std::vector<std::pair<model::Name, std::vector<Addr>>>;

class ClusterIps {
public:
    explicit ClusterIps(std::vector<Prefix> cidrs) : cidrs_(std::move(cidrs)) {}

    struct Request {
        model::Name name;
        const model::Service* wanted = nullptr;  // as the manifest says it
        std::uint64_t order = 0;                 // of two that want one address, the lower one gets it
        // Answer: the addresses in the order of families, or the field, value and reason of the refusal.
        std::expected<std::vector<Addr>, model::Problem> ips{};
    };
    // Decides about all changed Services of one edit together, so that they may pass addresses on to each other.
    // Who holds an address keeps it against newcomers. A refused Service keeps what it holds.
    void settle(std::vector<Request>& requests);
    void release(const model::Name& name);

    // What was in force in an earlier run: a Service that names no address gets its old one if nobody has it, and
    // others are given it only when nothing else is left.
    void remember(const model::Name& name, const std::vector<Addr>& ips);
    ClusterIpTable table() const;
    // A larger number after every change of the table.
    std::uint64_t version() const { return version_; }

private:
    struct Work;
    using Works = std::vector<Work>;

    std::vector<Family> families_of(const model::Service& service) const;
    std::expected<void, model::Problem> check(const model::Service& service, const std::vector<Family>& families) const;
    const Prefix* cidr(Family family) const;
    Work draft(Request& request) const;
    bool claim_all(Works& works);
    bool claim_fixed(Work& work, std::map<Addr, model::Name>& claimed);
    void claim_soft(Work& work, std::map<Addr, model::Name>& claimed) const;
    void allocate_missing(Work& work);
    void commit(Work& work);
    void draft_family(Work& work, Family family) const;
    std::expected<Addr, model::Problem> pick(const model::Name& name, Family family);
    std::optional<Addr> first_free(const model::Name& name, Family family, bool also_reserved) const;
    const model::Name* other_owner(const Addr& addr, const Work& work) const;

    std::vector<Prefix> cidrs_;  // at most one a family; the first is the default
    std::map<Addr, model::Name> owners_;
    std::map<model::Name, std::vector<Addr>> held_;
    std::map<model::Name, std::vector<Addr>> remembered_;  // of Services not seen yet
    std::map<Addr, model::Name> reserved_;                 // the same by address
    std::set<Family> full_;                                // known to have no free address
    std::uint64_t version_ = 0;
};

}  // namespace beeline::store
