#include "kernel/sources.h"

#include <set>

#include "kernel/ebpf_result.h"
#include "kernel/family.h"

namespace beeline::kernel {
namespace {

template <class WireAddr>
std::set<Addr> addresses(const NetworkRows& rows, Family family) {
    std::set<Addr> found;
    for (const auto& [key, hop] : rows.hops) {
        if (key.family != static_cast<abi::u8>(family)) continue;
        WireAddr source{};  // IPv4 stands in word 0
        std::memcpy(&source, &hop.source, sizeof source);
        if (!same_bytes(source, WireAddr{})) found.insert(value_addr(source));
    }
    return found;
}

// A reader meets old and new addresses: no connection is refused that neither would refuse.
template <class WireAddr>
Result<> write_list(const Datapath& datapath, const char* name, const std::set<Addr>& list) {
    EbpfMapIo* map = datapath.find_map(name);
    if (map == nullptr) return fail(Errc::not_found, std::string("the object has no map ") + name);
    auto addr = list.begin();
    for (std::uint32_t row = 0; row < map->max_entries(); row++) {
        const WireAddr wire = addr == list.end() ? WireAddr{} : wire_addr<WireAddr>(*addr++);
        CHECK(map->update(bytes_of(row), bytes_of(wire)));
    }
    return {};
}

}  // namespace

Result<> write_sources(const Datapath& datapath, const NetworkRows& rows) {
    CHECK(write_list<abi::Addr4>(datapath, "bl_sources4", addresses<abi::Addr4>(rows, Family::v4)));
    return write_list<abi::Addr6>(datapath, "bl_sources6", addresses<abi::Addr6>(rows, Family::v6));
}

}  // namespace beeline::kernel
