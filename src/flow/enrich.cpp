#include "flow/enrich.h"

namespace beeline::flow {
namespace {

using std::chrono::steady_clock;

bool has_ports(Proto proto) {
    return proto == Proto::tcp || proto == Proto::udp || proto == Proto::sctp;
}

// Refused at the service: the packet never had another destination.
bool is_service_refusal(abi::Reason reason) {
    return reason == abi::Reason::no_backend || reason == abi::Reason::no_service;
}

std::string rule_text(const Event& event, const FlowRecord& record, const Names& names) {
    if (event.rule.value != 0) return names.rule(event.rule);
    const bool egress = event.reason == abi::Reason::policy_denied_egress;
    if (!egress && event.reason != abi::Reason::policy_denied_ingress) return {};
    const PodPtr& pod = egress ? record.source.pod : record.destination.pod;
    return pod ? names.default_deny(*pod, egress) : "default deny";
}

template <class Map, class Keep>
void missing_now(const Map& before, const Map& now, Keep keep) {
    for (const auto& [key, value] : before)
        if (!now.contains(key)) keep(value);
}

}  // namespace

Enricher::Enricher(model::SnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {}

void Enricher::update(model::SnapshotPtr snapshot, steady_clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    missing_now(snapshot_->endpoints, snapshot->endpoints, [&](auto& gone) { gone_.push_back({now, gone, {}}); });
    missing_now(snapshot_->policies, snapshot->policies, [&](auto& gone) { gone_.push_back({now, {}, gone}); });
    while (!gone_.empty() && (gone_.front().when + linger < now || gone_.size() > remembered))
        gone_.pop_front();
    snapshot_ = std::move(snapshot);
    stale_ = true;
}

void Enricher::refresh() {
    const std::scoped_lock lock(mutex_);
    if (!stale_) return;
    stale_ = false;
    names_ = Names(snapshot_);
    // Newest first: an address that had two owners since belongs to the later one.
    for (auto gone = gone_.rbegin(); gone != gone_.rend(); ++gone) {
        if (gone->policy) {
            names_.add_policy(*gone->policy);
            continue;
        }
        auto pod = std::make_shared<const Pod>(Pod{gone->endpoint->pod, gone->endpoint->labels});
        if (gone->endpoint->addr4) names_.add_pod(*gone->endpoint->addr4, pod);
        if (gone->endpoint->addr6) names_.add_pod(*gone->endpoint->addr6, pod);
    }
}

FlowRecord Enricher::enrich(const Event& event, std::int64_t unix_minus_monotonic_ns) {
    refresh();
    FlowRecord record{.time_ns = static_cast<std::int64_t>(event.time_ns) + unix_minus_monotonic_ns,
                      .family = event.family,
                      .proto = event.proto,
                      .kind = event.kind,
                      .reason = event.reason,
                      .hook = event.hook,
                      .rule = event.rule,
                      .suppressed = event.suppressed,
                      .ifindex = event.ifindex,
                      .length = event.length,
                      .tcp = event.tcp,
                      .redecided = event.redecided,
                      .reply = event.reply};
    const bool ports = has_ports(event.proto);
    const bool refused = is_service_refusal(event.reason), moved = event.translated && !refused;
    const Addr& answering = moved ? event.backend : event.destination;
    const Port answering_port = moved ? event.backend_port : event.destination_port;
    record.source = names_.peer(event.source, ports ? event.source_port : Port{}, event.source_identity);
    record.destination = names_.peer(answering, ports ? answering_port : Port{}, event.destination_identity);
    if (moved || refused)
        record.service = AskedService{names_.frontend(event.destination, event.destination_port, event.proto, true),
                                      event.destination, event.destination_port};
    if (refused && !record.service->name.empty()) record.destination.name = record.service->name;
    record.rule_text = rule_text(event, record, names_);
    return record;
}

}  // namespace beeline::flow
