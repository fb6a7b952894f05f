// Who has which frontend: of several that want one address, port and protocol, the first has it.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/snapshot.h"
#include "plan/plan.h"

namespace beeline::compile {

// A frontend that an object asks for.
struct Wish {
    plan::Frontends::Entry frontend;
    std::string field;    // of the object
    std::string refusal;  // why it cannot be made, whoever else wants it; empty: it can
};
// All that one object asks for, in the order of its own ranks.
struct Wishes {
    std::vector<Wish> frontends{};
    std::set<Addr> vips{};  // external addresses
    struct Check {          // healthCheckNodePort
        Port port;
        std::size_t local = 0;  // ready backends on this node
        bool operator==(const Check&) const = default;
    };
    std::optional<Check> check{};

    bool empty() const { return frontends.empty() && vips.empty() && !check; }
    // `field`: of the object that asks.
    void add(const plan::FrontendKey& key, plan::Frontend frontend, std::string field);
    // `reason` begins with the field.
    void refuse(const plan::FrontendKey& key, plan::Frontend frontend, std::string reason);
};

// Takes what each object asks for, one object after the other, and knows who has what.
//
// The order of the kinds is their rank: an address given by a cluster's own controllers cannot be taken by one that any
// author of a Service may write down (externalIPs, CVE-2020-8554), and of a load balancer's address the row with its
// source ranges holds. Within a kind the names of the objects decide.
class Claims {
public:
    Claims() = default;
    Claims(const Claims&) = delete;
    Claims& operator=(const Claims&) = delete;

    // In place of what the object asked for before. True if that was something else.
    bool set(const model::Name& object, Wishes wishes);
    // After some of these: now it is known who has what. Once for all of them: of what many ask for, each is refused by
    // name.
    void settle();

    const plan::Frontends& frontends() const { return frontends_; }
    const std::multimap<plan::FrontendKey, plan::Unserved>& unserved() const { return unserved_; }
    std::set<Addr> vips() const;
    std::map<Port, plan::HealthCheck> health_checks() const;

private:
    using Objects = std::map<model::Name, Wishes>;
    struct Claimant {
        int rank;
        const Objects::value_type* object;
        std::size_t index;  // among its wishes
        const Wish& wish() const { return object->second.frontends[index]; }
        static bool precedes(const Claimant& a, const Claimant& b);
    };
    void enter(const Objects::value_type& object);
    void withdraw(const Objects::value_type& object);
    void settle(const plan::FrontendKey& key);
    void settle(const plan::FrontendKey& key, const std::vector<Claimant>& claimants);

    Objects objects_{};
    std::map<plan::FrontendKey, std::vector<Claimant>> claimants_{};  // ordered
    std::set<plan::FrontendKey> touched_{};                           // since the last settle()
    std::map<Addr, unsigned> vips_{};                                 // and how many objects have it
    std::map<model::Name, Wishes::Check> checks_{};
    plan::Frontends frontends_{};
    std::multimap<plan::FrontendKey, plan::Unserved> unserved_{};
};

}  // namespace beeline::compile
