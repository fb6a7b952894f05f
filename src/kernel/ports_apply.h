// bl_ports and bl_vips: what a port number or an address is to the datapath, so that it passes what is not for it
// without a lookup in a hash. A bit too many costs a lookup, one too few a service: bits are set before the frontends
// they are for, and cleared after.
#pragma once
#include <set>

#include "kernel/change.h"
#include "kernel/family.h"
#include "kernel/map_io.h"

namespace beeline::kernel {

class PortsApply {
public:
    struct Maps {
        MapIo &ports, &vips;
    };
    explicit PortsApply(const Maps& maps) : ports_(maps.ports), vips_(maps.vips) {}

    Result<> load();
    // `node`: addresses of this node, whose processes may be backends.
    void stage(const plan::Plan& plan, const std::set<Addr>& node, std::vector<Change>& changes);

private:
    // A mirror of one array of bits; rows that are 0 are not in it.
    class Bits {
    public:
        explicit Bits(MapIo& io) : io_(io) {}
        using Rows = std::map<std::uint32_t, std::uint64_t>;
        Result<> load();
        void stage(const Rows& want, Change& change);

    private:
        std::uint64_t at(std::uint32_t row) const;
        Result<> write(std::uint32_t row, std::uint64_t bits);
        MapIo& io_;
        Rows rows_{};
    };
    // Of what bits are wanted by the frontends that were counted, and by how many of them.
    class Counts {
    public:
        void update(const plan::Frontends& frontends, const std::set<Addr>& node);
        const Bits::Rows& wanted() const { return wanted_; }

    private:
        void add(const Bits::Rows& rows, int one);
        plan::Frontends frontends_{};
        std::set<Addr> node_{};
        std::map<std::uint64_t, int> counts_{};  // by row and bit
        Bits::Rows wanted_{};
    };
    Bits ports_, vips_;
    Counts counts_{};
};

}  // namespace beeline::kernel
