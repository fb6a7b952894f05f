// Who the addresses are that belong to no local container: bl_identities4/6.
#pragma once
#include "abi/endpoint.h"
#include "kernel/change.h"
#include "kernel/table.h"

namespace beeline::kernel {

class IdentitiesApply {
public:
    using Identities = plan::Identities;
    struct Maps {
        MapIo &v4, &v6;
    };
    explicit IdentitiesApply(const Maps& maps) : rows4_(maps.v4), rows6_(maps.v6) {}
    Result<> load();
    // One change an address, so that a full table is an error of the addresses that do not fit. `node_ports`: which of
    // the node's addresses answer on node ports; empty: all.
    void stage(const Identities& want, const std::vector<Prefix>& node_ports, std::vector<Change>& changes);
    Identities view() const;

private:
    Table<abi::Addr4, abi::IdentityRow> rows4_;
    Table<abi::Addr6, abi::IdentityRow> rows6_;
};

}  // namespace beeline::kernel
