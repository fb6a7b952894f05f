// A read-only look at what is in the kernel, for the API: plain values and one interface, implemented by
// src/kernel. Times are Unix milliseconds, ages and timers seconds.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/addr.h"
#include "base/types.h"
#include "plan/status.h"

namespace beeline::plan {

// One direction of a flow, as it stands in bl_flows4/6 or bl_young4/6.
struct FlowEntry {
    Addr saddr, daddr;  // as the packet comes
    Port sport, dport;
    Proto proto = Proto::any;
    Addr new_saddr, new_daddr;  // as it leaves
    Port new_sport, new_dport;
    bool reply = false, young = false, current = false;
    std::string state;    // "new", "established", "closing", "denied", "stale"
    std::string deliver;  // "peer", "veth", "stack", "host", "denied"
    IdentityId source, destination;
    Ifindex in_if, out_if;
    std::uint64_t packets = 0, bytes = 0;
    double idle = 0;     // seconds since the last packet (steps of 64 jiffies)
    double expires = 0;  // seconds until the collector may take it
};
// Absent members match everything; addresses and ports match either side, before or after translation.
struct FlowFilter {
    std::optional<Prefix> addr;
    std::optional<Port> port;
    std::optional<Proto> proto;
    std::optional<Family> family;
    std::size_t limit = 0;  // of flows(); 0: all
};

struct HookEntry {
    std::string device;                         // interface name, or the cgroup's path
    std::string hook;                           // "tcx/ingress", "clsact/egress", "cgroup/connect4"
    std::string program;                        // "bl_from_container"
    std::uint32_t program_id = 0, link_id = 0;  // link_id 0: clsact filter
    std::string tag;                            // 16 hex digits, as bpftool prints it
    std::string owner;                          // "default/web-1", "host", "node"
};

struct CounterEntry {
    std::string reason, hook, direction;
    bool drop = false;
    std::uint64_t packets = 0, bytes = 0;
};

struct MapEntry {  // one map, as `bpftool map` sees it
    std::string name, kind;
    std::uint32_t id = 0, entries = 0, max_entries = 0;
    std::uint64_t memlock = 0;  // bytes the kernel accounts for it
};
struct Row {
    std::string map, key, value;  // text, one row a line
};

// A difference between desired and actual: "+" missing in the kernel, "-" there but not wanted, "~" other value.
struct DiffRow {
    char sign = '~';
    std::string map, key, wanted, actual;
};

struct Check {  // one line of `beeline doctor`
    std::string name;
    bool ok = false, fatal = false;  // fatal and not ok: Beeline cannot run here
    std::string detail;              // what was found, and what falls back
};

class Inspector {
public:
    virtual ~Inspector() = default;
    virtual Result<std::vector<FlowEntry>> flows(const FlowFilter& filter) = 0;
    virtual Result<std::size_t> flush_flows(const FlowFilter& filter) = 0;  // entries removed
    virtual Result<std::vector<HookEntry>> hooks() = 0;
    virtual Result<std::vector<CounterEntry>> counters() = 0;
    virtual Result<std::vector<MapEntry>> maps() = 0;
    virtual Result<std::vector<Row>> map_rows() = 0;  // agent-written maps, decoded
    virtual Result<std::vector<DiffRow>> diff() = 0;
    virtual std::vector<Check> doctor() = 0;
    virtual Status status() const = 0;
};

}  // namespace beeline::plan
