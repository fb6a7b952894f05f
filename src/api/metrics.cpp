// GET /metrics
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <map>

#include "abi/drop_reason.h"
#include "api/resources.h"
#include "base/file.h"
#include "base/time.h"

namespace beeline::api {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

class Family {
public:
    Family(const char* name, const char* help, prometheus::MetricType type) {
        family_.name = name;
        family_.help = help;
        family_.type = type;
    }
    Family& add(double value, Labels labels = {}) {
        prometheus::ClientMetric metric;
        metric.label = std::move(labels);
        (family_.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
        family_.metric.push_back(std::move(metric));
        return *this;
    }
    Family& add(std::uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), std::move(labels)); }
    operator prometheus::MetricFamily() const { return family_; }

private:
    prometheus::MetricFamily family_;
};
Family counter(const char* name, const char* help) {
    return {name, help, prometheus::MetricType::Counter};
}
Family gauge(const char* name, const char* help) {
    return {name, help, prometheus::MetricType::Gauge};
}

using Families = std::vector<prometheus::MetricFamily>;

// Reasons that are counted besides a packet's own.
bool is_note(const std::string& reason) {
    const std::array notes{abi::Reason::degraded, abi::Reason::unproved, abi::Reason::crowded};
    return std::ranges::any_of(notes, [&](abi::Reason note) { return reason == abi::reason_name(note); });
}

Result<> add_packets(Families& families, const Context& context) {
    Family packets =
        counter("beeline_packets_total", "Packets by what became of them; drop=\"true\": they went no further.");
    Family bytes = counter("beeline_bytes_total", "Bytes of the packets in beeline_packets_total.");
    std::map<std::string, std::uint64_t> young{{"degraded", 0}, {"unproved", 0}, {"crowded", 0}};
    for (const auto& cell : TRY(context.inspector.counters())) {
        if (is_note(cell.reason)) young[cell.reason] += cell.packets;
        if (cell.packets == 0 || is_note(cell.reason)) continue;
        const Labels labels{{"reason", cell.reason},
                            {"hook", cell.hook},
                            {"direction", cell.direction},
                            {"drop", cell.drop ? "true" : "false"}};
        packets.add(cell.packets, labels);
        bytes.add(cell.bytes, labels);
    }
    families.push_back(packets);
    families.push_back(bytes);
    families.push_back(counter("beeline_flow_table_full_total", "New flows that found no room in the flow table.")
                           .add(young.at("degraded")));
    Family kept = counter("beeline_flow_kept_young_total",
                          "New connections kept in the young table, by why: too many unanswered, over the quota.");
    families.push_back(
        kept.add(young.at("unproved"), {{"reason", "unproved"}}).add(young.at("crowded"), {{"reason", "crowded"}}));
    return {};
}

void add_flows(Families& families, const Context& context) {
    const auto pressure = context.inspector.flow_pressure();
    Family entries = gauge("beeline_flow_table_entries", "Entries of the flow tables at the last sweep; two a flow.");
    Family capacity = gauge("beeline_flow_table_capacity", "Entries that the flow tables have room for.");
    for (const auto& table : pressure.tables) {
        const Labels labels{{"family", table.family == beeline::Family::v4 ? "4" : "6"},
                            {"table", table.young ? "young" : "flows"}};
        entries.add(std::uint64_t{table.entries}, labels);
        capacity.add(std::uint64_t{table.capacity}, labels);
    }
    Family flows = gauge("beeline_endpoint_flows", "Flows in the flow table that the container opened.");
    Family crowded = gauge("beeline_endpoint_crowded", "1: the container has its quota of flows.");
    for (const auto& endpoint : pressure.endpoints) {
        const Labels labels{{"endpoint", endpoint.endpoint},
                            {"family", endpoint.family == beeline::Family::v4 ? "4" : "6"}};
        flows.add(std::uint64_t{endpoint.flows}, labels);
        crowded.add(endpoint.crowded ? 1.0 : 0.0, labels);
    }
    for (const Family& family : {entries, capacity, flows, crowded})
        families.push_back(family);
}

Result<> add_maps(Families& families, const Context& context) {
    Family entries = gauge("beeline_map_entries", "Entries in use, by map.");
    Family limit = gauge("beeline_map_max_entries", "Entries there is room for, by map.");
    Family memory = gauge("beeline_map_bytes", "Memory the kernel accounts for, by map.");
    for (const auto& map : TRY(context.inspector.maps())) {
        entries.add(std::uint64_t{map.entries}, {{"map", map.name}});
        limit.add(std::uint64_t{map.max_entries}, {{"map", map.name}});
        memory.add(map.memlock, {{"map", map.name}});
    }
    families.push_back(entries);
    families.push_back(limit);
    families.push_back(memory);
    return {};
}

void add_state(Families& families, const Context& context) {
    const auto snapshot = context.store.current();
    const auto status = context.inspector.status();
    const auto problems = context.store.problems();
    families.push_back(gauge("beeline_generation", "Generation of the state wanted and of the state in force.")
                           .add(status.wanted.value, {{"state", "wanted"}})
                           .add(status.in_force.value, {{"state", "in_force"}}));
    families.push_back(gauge("beeline_endpoints", "Containers of this node; up: their datapath is in force.")
                           .add(snapshot->endpoints.size(), {{"state", "known"}})
                           .add(status.up.size(), {{"state", "up"}}));
    families.push_back(gauge("beeline_services", "Services known.").add(snapshot->services.size()));
    families.push_back(gauge("beeline_policies", "Network policies known.").add(snapshot->policies.size()));
    families.push_back(gauge("beeline_identities", "Identities in use.").add(snapshot->identities.size()));
    families.push_back(gauge("beeline_problems", "Documents refused now.").add(problems.size()));
    families.push_back(gauge("beeline_kernel_errors", "What the kernel refuses now.").add(status.errors.size()));
    families.push_back(gauge("beeline_warnings", "What works less well than it could.").add(status.warnings.size()));
}

void add_events(Families& families, const Context& context) {
    const auto totals = context.journal.totals();
    families.push_back(counter("beeline_events_total", "Events of the datapath that were read.").add(totals.received));
    families.push_back(
        counter("beeline_events_malformed_total", "Events that could not be decoded.").add(totals.malformed));
    families.push_back(counter("beeline_events_lost_total", "Events the datapath left out: budget, full ring buffer.")
                           .add(totals.lost));
}

// Bytes; 0 if /proc is not there.
std::uint64_t resident_bytes() {
    const auto text = read_file("/proc/self/statm", 4096);
    if (!text) return 0;
    const std::size_t space = text->find(' ');
    std::uint64_t pages = 0;
    if (space != text->npos) std::from_chars(text->data() + space + 1, text->data() + text->size(), pages);
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void add_process(Families& families, const Context& context) {
    families.push_back(
        gauge("beeline_build_info", "Always 1; the version is a label.").add(1.0, {{"version", context.version}}));
    families.push_back(gauge("process_resident_memory_bytes", "Resident memory of the agent.").add(resident_bytes()));
    families.push_back(counter("process_cpu_seconds_total", "Processor time of the agent.").add(cpu_seconds()));
    families.push_back(gauge("process_start_time_seconds", "Start of the agent, Unix time.")
                           .add(static_cast<double>(context.started_ms) / 1000));
}

Result<Response> metrics(const Context& context) {
    Families families;
    CHECK(add_packets(families, context));
    add_flows(families, context);
    CHECK(add_maps(families, context));
    add_state(families, context);
    add_events(families, context);
    add_process(families, context);
    return Response{.body = prometheus::TextSerializer().Serialize(families),
                    .type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace

void add_metrics(Router& router, const Context& context) {
    router.add_sync(Method::get, "/metrics", [&context](const Request&) { return metrics(context); });
}

}  // namespace beeline::api
