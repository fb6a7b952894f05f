#include "flow/enrich.h"

#include <utility>

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

// Nothing of it has another name: by far the most changes are of who is behind a Service.
bool same_names(const model::Snapshot& a, const model::Snapshot& b) {
    return a.endpoints == b.endpoints && a.pods.same(b.pods) && a.services.same(b.services) &&
           a.policies.same(b.policies);
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
    stale_ = stale_ || !same_names(*snapshot_, *snapshot);
    while (!gone_.empty() && (gone_.front().when + linger < now || gone_.size() > remembered)) {
        gone_.pop_front();
        stale_ = true;
    }
    snapshot_ = std::move(snapshot);
}

std::optional<std::deque<Enricher::Gone>> Enricher::take_news(model::SnapshotPtr& snapshot) {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(stale_, false)) return std::nullopt;
    snapshot = snapshot_;
    return gone_;
}

// Beside update(), which waits for nothing that takes long.
void Enricher::refresh() {
    model::SnapshotPtr snapshot;
    const auto all_gone = take_news(snapshot);
    if (!all_gone) return;
    names_ = Names(std::move(snapshot));
    // Newest first: an address that had two owners since belongs to the later one.
    for (auto gone = all_gone->rbegin(); gone != all_gone->rend(); ++gone) {
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
