// Services and host ports: addresses and ports, and where they lead.
#pragma once
#include "compile/claims.h"
#include "compile/members.h"

namespace beeline::compile {

// What one Service asks for. What it depends on: these three, and nothing else.
Wishes wishes_of(const model::Service& service, const MemberIndex& members, const model::NodeConfig& node);

// hostPort of local containers, of all of them together.
Wishes host_ports(const model::Snapshot& snapshot);

// Follows one snapshot after the other. Of each those Services are compiled that have changed, or whose members have.
class Services {
public:
    // False: all is as it was.
    bool update(const model::Snapshot& now);
    const Claims& claims() const { return claims_; }

private:
    std::set<model::Name> concerned(const model::Snapshot& now);

    model::Snapshot snapshot_{};  // the last one
    MemberIndex members_{};
    Claims claims_{};
};

}  // namespace beeline::compile
