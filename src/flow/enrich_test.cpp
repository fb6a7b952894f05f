#include "flow/enrich.h"

#include <gtest/gtest.h>

namespace beeline::flow {
namespace {

using abi::Reason;
using std::chrono::seconds;
using std::chrono::steady_clock;

Addr addr(const char* text) {
    return *parse_addr(text);
}

std::shared_ptr<const model::Endpoint> endpoint(std::uint16_t id, const char* name, const char* ip,
                                                model::Labels labels) {
    model::Endpoint made;
    made.id = {id};
    made.pod = {"default", name};
    made.labels = std::move(labels);
    made.addr4 = addr(ip);
    return std::make_shared<const model::Endpoint>(std::move(made));
}

std::shared_ptr<const model::NetworkPolicy> policy(const char* name, const char* app, bool with_rule) {
    model::NetworkPolicy made;
    made.meta.ns = "default";
    made.meta.name = name;
    if (app) made.pods.match_labels["app"] = app;
    made.isolates_ingress = true;
    if (with_rule) made.ingress.emplace_back();
    return std::make_shared<const model::NetworkPolicy>(std::move(made));
}

// A client, a web server, a Service "web" with one named and one nameless port, two policies on the web server.
model::Snapshot world() {
    model::Snapshot snapshot;
    snapshot.endpoints[{1}] = endpoint(1, "client", "10.1.0.5", {{"app", "client"}});
    snapshot.endpoints[{2}] = endpoint(2, "web-1", "10.1.0.6", {{"app", "web"}});
    model::Service service;
    service.meta.ns = "default";
    service.meta.name = "web";
    service.cluster_ips = {addr("10.96.0.1")};
    service.ports.push_back({"http", Proto::tcp, {80}, Port{8080}});
    service.ports.push_back({"", Proto::udp, {53}, Port{53}});
    snapshot.services[{"default", "web"}] = std::make_shared<const model::Service>(service);
    snapshot.policies[{"default", "allow-client"}] = policy("allow-client", "web", true);
    snapshot.policies[{"default", "deny-all"}] = policy("deny-all", nullptr, false);
    return snapshot;
}
model::SnapshotPtr shared(model::Snapshot snapshot) {
    return std::make_shared<const model::Snapshot>(std::move(snapshot));
}

Event to_web() {
    Event event;
    event.proto = Proto::tcp;
    event.source = addr("10.1.0.5");
    event.source_port = {40000};
    event.source_identity = {300};
    event.destination = addr("10.1.0.6");
    event.destination_port = {8080};
    event.destination_identity = {301};
    return event;
}
Event denied(const char* source, const char* destination, Reason reason) {
    Event event = to_web();
    event.kind = abi::EventKind::drop;
    event.source = addr(source);
    event.destination = addr(destination);
    event.reason = reason;
    return event;
}

TEST(Enrich, NamesBothPodsAndTheRule) {
    Enricher enricher(shared(world()));
    Event event = to_web();
    event.rule = model::rule_id({"default", "allow-client"}, false, 0);
    const FlowRecord record = enricher.enrich(event, 0);
    EXPECT_EQ(record.source.name, "default/client");
    EXPECT_EQ(record.destination.name, "default/web-1");
    EXPECT_EQ(record.destination.pod->labels.at("app"), "web");
    EXPECT_EQ(record.rule_text, "NetworkPolicy default/allow-client ingress[0]");
    EXPECT_FALSE(record.service);
    EXPECT_FALSE(record.dropped());
}

TEST(Enrich, ATranslatedFlowEndsAtTheBackendAndKeepsTheServiceAskedFor) {
    Enricher enricher(shared(world()));
    Event event = to_web();
    event.translated = true;
    event.backend = addr("10.1.0.6");
    event.backend_port = {8080};
    event.destination = addr("10.96.0.1");
    event.destination_port = {80};
    const FlowRecord record = enricher.enrich(event, 0);
    EXPECT_EQ(record.destination.name, "default/web-1");
    EXPECT_EQ(record.destination.port.value, 8080);
    ASSERT_TRUE(record.service);
    EXPECT_EQ(record.service->name, "default/web:http");
    EXPECT_EQ(record.service->port.value, 80);
}

TEST(Enrich, NamesTheServiceThatRefused) {
    struct Row {
        const char* sentence;
        Reason reason;
        Proto proto;
        std::uint16_t port;
        const char* name;
    };
    const Row rows[] = {
        {"no backend behind a named port", Reason::no_backend, Proto::tcp, 80, "default/web:http"},
        {"no backend behind a nameless port", Reason::no_backend, Proto::udp, 53, "default/web"},
        {"no such port", Reason::no_service, Proto::tcp, 81, ""},
        {"the port of another protocol", Reason::no_service, Proto::udp, 80, ""},
    };
    Enricher enricher(shared(world()));
    for (const Row& row : rows) {
        Event event = denied("10.1.0.5", "10.96.0.1", row.reason);
        event.destination_identity = {};
        event.proto = row.proto;
        event.destination_port = {row.port};
        const FlowRecord record = enricher.enrich(event, 0);
        ASSERT_TRUE(record.service) << row.sentence;
        EXPECT_EQ(record.service->name, row.name) << row.sentence;
        EXPECT_EQ(record.destination.name, *row.name ? row.name : "unknown") << row.sentence;
        event.translated = true;  // the datapath looked for a backend, and there is none in the event
        EXPECT_EQ(to_string(enricher.enrich(event, 0).destination.addr), "10.96.0.1") << row.sentence;
    }
}

TEST(Enrich, ADefaultDenyNamesThePoliciesThatIsolateThePod) {
    struct Row {
        const char* sentence;
        Event event;
        const char* text;
    };
    const Row rows[] = {
        {"two policies isolate the receiver", denied("10.1.0.5", "10.1.0.6", Reason::policy_denied_ingress),
         "default deny: isolated by NetworkPolicy default/allow-client, default/deny-all"},
        {"one policy isolates the receiver", denied("10.1.0.6", "10.1.0.5", Reason::policy_denied_ingress),
         "default deny: isolated by NetworkPolicy default/deny-all"},
        {"no policy (any more) isolates the sender", denied("10.1.0.6", "10.1.0.5", Reason::policy_denied_egress),
         "default deny"},
        {"the receiver is not known", denied("10.1.0.5", "10.1.0.99", Reason::policy_denied_ingress), "default deny"},
        {"another reason has no rule", denied("10.1.0.5", "10.1.0.99", Reason::no_endpoint), ""},
    };
    Enricher enricher(shared(world()));
    for (const Row& row : rows)
        EXPECT_EQ(enricher.enrich(row.event, 0).rule_text, row.text) << row.sentence;
}

TEST(Enrich, NamesPeersThatAreNoPodsByIdentity) {
    struct Row {
        std::uint32_t identity;
        const char* name;
    };
    Enricher enricher(shared(world()));
    for (const Row& row : {Row{1, "host"}, Row{2, "world"}, Row{3, "unmanaged"}, Row{777, "identity 777"}}) {
        Event event = to_web();
        event.source = addr("192.0.2.1");
        event.source_identity = {row.identity};
        const FlowRecord record = enricher.enrich(event, 0);
        EXPECT_EQ(record.source.name, row.name);
        EXPECT_FALSE(record.source.pod);
    }
}

TEST(Enrich, LateEventsOfAPodThatWentAreStillNamedForAWhile) {
    Enricher enricher(shared(world()));
    const auto start = steady_clock::time_point{} + seconds(1000);
    model::Snapshot without = world();
    without.endpoints.erase({2});
    without.policies.clear();
    // Two generations later, with no event in between, the names must still be there.
    enricher.update(shared(without), start);
    enricher.update(shared(without), start + seconds(1));
    Event event = to_web();
    event.rule = model::rule_id({"default", "allow-client"}, false, 0);
    FlowRecord record = enricher.enrich(event, 0);
    EXPECT_EQ(record.destination.name, "default/web-1");
    EXPECT_EQ(record.rule_text, "NetworkPolicy default/allow-client ingress[0]");

    enricher.update(shared(without), start + Enricher::linger + seconds(2));
    record = enricher.enrich(event, 0);
    EXPECT_EQ(record.destination.name, "identity 301");
    EXPECT_EQ(record.rule_text, "rule " + std::to_string(event.rule.value));
}

TEST(Enrich, AnAddressGivenToANewPodBelongsToTheNewPod) {
    Enricher enricher(shared(world()));
    model::Snapshot next = world();
    next.endpoints.erase({2});
    next.endpoints[{3}] = endpoint(3, "web-2", "10.1.0.6", {});
    enricher.update(shared(next), steady_clock::time_point{} + seconds(1));
    EXPECT_EQ(enricher.enrich(to_web(), 0).destination.name, "default/web-2");
}

TEST(Enrich, OnlySomeOfTheThingsThatWentAreRemembered) {
    model::Snapshot many = world();
    for (unsigned i = 0; i < Enricher::remembered + 10; i++)
        many.endpoints[{static_cast<std::uint16_t>(100 + i)}] = endpoint(1, "x", "10.1.9.9", {});
    Enricher enricher(shared(many));
    enricher.update(shared(model::Snapshot{}), steady_clock::time_point{});
    // The oldest, client and web-1, are the ones forgotten.
    EXPECT_EQ(enricher.enrich(to_web(), 0).source.name, "identity 300");
}

TEST(Enrich, TurnsTheKernelsClockIntoWallTime) {
    Enricher enricher(shared(world()));
    Event event = to_web();
    event.time_ns = 123456789;
    EXPECT_EQ(rfc3339(enricher.enrich(event, 1'763'808'067'000'000'000).time_ns), "2025-11-22T10:41:07.123456789Z");
}

TEST(Enrich, IcmpHasNoPorts) {
    Enricher enricher(shared(world()));
    Event event = to_web();
    event.proto = Proto::icmp;
    EXPECT_EQ(enricher.enrich(event, 0).source.port.value, 0);
}

TEST(Rfc3339, PrintsTimesBeforeTheEpochToo) {
    EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
}

}  // namespace
}  // namespace beeline::flow
