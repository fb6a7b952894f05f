// A read-only look at what is in the kernel, for the API: plain values and one interface, implemented by
// src/kernel. Times are Unix milliseconds, ages and timers seconds.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
    std::string deliver;  // "peer", "veth", "stack", "host", "neigh", "routed", "denied"
    IdentityId source, destination;
    Ifindex in_if, out_if;
    std::uint64_t packets = 0, bytes = 0;
    double idle = 0;     // seconds since the last packet (steps of 64 jiffies)
    double expires = 0;  // seconds until the collector may take it
};
// Absent members match everything; addresses and ports match either side, before or after translation.
struct FlowFilter {
    std::optional<Prefix> addr;
    std::optional<std::vector<Addr>> addrs;           // one of these: a container's
    std::optional<std::vector<FrontendKey>> service;  // the originator spoke to one of these
    std::optional<Port> port;
    std::optional<Proto> proto;
    std::optional<Family> family;
    std::optional<std::string> state;
    bool operator==(const FlowFilter&) const = default;
};
enum class FlowAction { list, flush };
struct FlowStep {
    std::vector<FlowEntry> entries;  // list: those that match
    std::size_t removed = 0;         // flush: flows, both directions of each
    bool finished = false;
};
// A walk through the flow tables, a few thousand entries a step: a table of a million must not stall who walks. Flows
// that come or go meanwhile may be met or missed.
class FlowWalk {
public:
    virtual ~FlowWalk() = default;
    // Errors: conflict if the datapath was configured anew since the walk began.
    virtual Result<FlowStep> step() = 0;
};

// How full the flow tables are, as the collector's last sweep found them, a few seconds ago.
struct TableFill {
    Family family = Family::v4;
    bool young = false;
    std::size_t entries = 0, capacity = 0;
    // Of a table that never forgets: three quarters full.
    bool filling() const { return !young && entries * 4 > capacity * 3; }
};
struct EndpointFlows {
    std::string endpoint;  // "default/web-1"
    Family family = Family::v4;
    std::size_t flows = 0, quota = 0;  // that it opened
    bool crowded = false;              // its new flows stay in the young table
};
struct FlowPressure {
    std::vector<TableFill> tables;
    std::vector<EndpointFlows> endpoints;
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
    virtual Result<std::unique_ptr<FlowWalk>> walk_flows(const FlowFilter& filter, FlowAction action) = 0;
    virtual FlowPressure flow_pressure() const = 0;
    virtual Result<std::vector<HookEntry>> hooks() = 0;
    virtual Result<std::vector<CounterEntry>> counters() = 0;
    virtual Result<std::vector<MapEntry>> maps() = 0;
    virtual Result<std::vector<Row>> map_rows() = 0;  // agent-written maps, decoded
    virtual Result<std::vector<DiffRow>> diff() = 0;
    virtual std::vector<Check> doctor() = 0;
    virtual Status status() const = 0;
};

}  // namespace beeline::plan
