// The resources against a real store and a kernel that says what the test puts in.
#include "api/fake_test.h"

namespace beeline::api {
namespace {

namespace json = boost::json;

std::string text(const json::value& value) {
    return json::serialize(value);
}

model::NetworkPolicy web_policy() {
    model::NetworkPolicy policy;
    policy.meta = {"default", "allow-client", {}, {"test.yaml", 20}};
    policy.pods.match_labels = {{"app", "web"}};
    policy.isolates_ingress = true;
    model::PolicyRule rule;
    model::Selector client;
    client.match_labels = {{"app", "client"}};
    rule.peers.push_back({client, {}});
    rule.ports.push_back({Proto::tcp, {8080}});
    policy.ingress.push_back(rule);
    policy.limits = {"spec.ingress[0].from[1].ipBlock: not supported yet"};
    return policy;
}

TEST(Status, TellsGenerationsCountsAndVersion) {
    TestNode node;
    node.add("default/web", "/run/netns/web");
    node.inspector.state.wanted = {5};
    node.inspector.state.in_force = {4};
    node.inspector.state.errors = {"eth0: no such device"};
    const auto status = node.get("/v1/status");
    EXPECT_EQ(status.at("version"), "v1");
    EXPECT_EQ(status.at("node"), "node-1");
    EXPECT_EQ(text(status.at("generation")), R"({"wanted":5,"in_force":4})");
    EXPECT_EQ(text(status.at("endpoints")), R"({"total":1,"up":1})");
    EXPECT_EQ(text(status.at("errors")), R"(["eth0: no such device"])");
    EXPECT_EQ(text(status.at("problems")), "[]");
}

// The one object of a kind in a status.
json::object object_of(const json::value& status, std::string_view kind) {
    for (const auto& object : status.at("objects").as_array())
        if (object.at("kind").as_string() == kind) return object.as_object();
    ADD_FAILURE() << "no " << kind << " in " << text(status.at("objects"));
    return {};
}

TEST(Status, AServiceIsInForceWhenAllItsFrontendsAre) {
    TestNode node;
    node.apply({web_service()});
    const auto key = web_frontend(node, false);
    EXPECT_FALSE(object_of(node.get("/v1/status"), "Service").at("in_force").as_bool()) << "no row yet";

    node.inspector.state.frontends[key] = {{2}, 1234, ""};
    auto service = object_of(node.get("/v1/status"), "Service");
    EXPECT_TRUE(service.at("in_force").as_bool());
    EXPECT_EQ(service.at("since_ms").as_int64(), 1234);
    EXPECT_EQ(service.at("file"), "test.yaml");
    EXPECT_EQ(service.at("line").as_int64(), 3);

    node.inspector.state.frontends[key].error = "bl_frontends4: no room";
    service = object_of(node.get("/v1/status"), "Service");
    EXPECT_FALSE(service.at("in_force").as_bool());
    EXPECT_EQ(service.at("error"), "bl_frontends4: no room");
}

TEST(Status, AServiceTellsWhatOfItCannotBeServed) {
    TestNode node;
    node.apply({web_service()});
    const auto key = web_frontend(node, false);
    auto plan = std::make_shared<plan::Plan>(*node.plan);
    const auto unserved = [&](const char* addr) {
        plan->unserved.insert({{*parse_addr(addr), {90}, Proto::sctp},
                               {model::service_port_id({"default", "web"}, "http", Proto::tcp), "default/web:http",
                                "spec.ports[1]: no"}});
    };
    unserved("10.96.0.10");
    unserved("fd96::10");
    node.plan = plan;
    node.inspector.state.frontends[key] = {{2}, 1234, ""};
    auto service = object_of(node.get("/v1/status"), "Service");
    EXPECT_EQ(text(service.at("limits")), R"(["spec.ports[1]: no"])") << "once for both addresses";
    EXPECT_TRUE(service.at("in_force").as_bool()) << "the other port is";
    EXPECT_EQ(text(node.get("/v1/services/default/web").at("limits")), R"(["spec.ports[1]: no"])");

    plan = std::make_shared<plan::Plan>(*plan);
    plan->frontends.clear();
    node.plan = plan;
    service = object_of(node.get("/v1/status"), "Service");
    EXPECT_FALSE(service.at("in_force").as_bool()) << "nothing of it is";
    EXPECT_EQ(service.at("error"), "spec.ports[1]: no");
}

TEST(Status, APolicyFollowsTheContainersItSelects) {
    TestNode node;
    const auto endpoint = node.add("default/web", "/run/netns/web");
    node.apply({web_policy()});
    auto policy = object_of(node.get("/v1/status"), "NetworkPolicy");
    EXPECT_TRUE(policy.at("in_force").as_bool());
    EXPECT_EQ(policy.at("limits").as_array().size(), 1u);

    node.inspector.state.endpoints[endpoint.id].error = "bl_policy: no room";
    policy = object_of(node.get("/v1/status"), "NetworkPolicy");
    EXPECT_FALSE(policy.at("in_force").as_bool());
    EXPECT_EQ(policy.at("error"), "bl_policy: no room");
}

TEST(Status, ARefusedDocumentIsListedWithWhatIsWrong) {
    TestNode node;
    node.apply({}, {{"test.yaml", 14, "spec.ports[0].port", "8x", "is not a number",
                     model::Ref{model::Kind::service, "default", "new"}}});
    const auto status = node.get("/v1/status");
    const auto service = object_of(status, "Service");
    EXPECT_FALSE(service.at("in_force").as_bool());
    EXPECT_EQ(service.at("error"), "test.yaml:14: spec.ports[0].port: '8x' is not a number (Service default/new)");
    const auto& problem = status.at("problems").at(0);
    EXPECT_EQ(problem.at("line").as_int64(), 14);
    EXPECT_EQ(problem.at("value"), "8x");
    EXPECT_EQ(text(problem.at("object")), R"({"kind":"Service","namespace":"default","name":"new"})");
}

TEST(Status, ALastGoodVersionStaysInForceBesideItsProblem) {
    TestNode node;
    node.apply({web_policy()});
    node.apply({}, {{"test.yaml", 21, "spec", "", "is missing",
                     model::Ref{model::Kind::network_policy, "default", "allow-client"}}});
    node.inspector.state.wanted = {3};
    const auto policy = object_of(node.get("/v1/status"), "NetworkPolicy");
    EXPECT_TRUE(policy.at("in_force").as_bool());
    EXPECT_TRUE(policy.contains("error"));
}

TEST(Policies, ShowRulesInWordsAndWhomTheySelect) {
    TestNode node;
    const auto endpoint = node.add("default/web", "/run/netns/web");
    node.apply({web_policy()});
    const auto policy = node.get("/v1/policies/default/allow-client");
    EXPECT_EQ(policy.at("selector"), "app=web");
    EXPECT_EQ(text(policy.at("isolates")), R"({"ingress":true,"egress":false})");
    EXPECT_EQ(policy.at("selected").at(0).at("id").as_int64(), endpoint.id.value);
    const auto& rule = policy.at("rules").at(0);
    EXPECT_EQ(rule.at("text"), "from pods app=client; TCP 8080");
    EXPECT_EQ(json::value_to<std::uint32_t>(rule.at("id")),
              model::rule_id({"default", "allow-client"}, false, 0).value);
    EXPECT_EQ(node.call(Method::get, "/v1/policies/other/allow-client").status, 404);
}

TEST(Identities, ListTheReservedOnesFirstThenThoseOfPods) {
    TestNode node;
    const auto endpoint = node.add("default/web", "/run/netns/web");
    const auto list = node.get("/v1/identities").as_array();
    ASSERT_EQ(list.size(), 4u);
    EXPECT_EQ(list[0].at("name"), "host");
    EXPECT_EQ(list[1].at("name"), "world");
    EXPECT_TRUE(list[0].at("reserved").as_bool());
    EXPECT_EQ(list[3].at("id").as_int64(), endpoint.identity.value);
    EXPECT_EQ(list[3].at("endpoints").at(0).as_int64(), endpoint.id.value);
    EXPECT_EQ(list[3].at("labels").at("app"), "web");
}

TEST(Node, TellsItsRanges) {
    TestNode node;
    const auto value = node.get("/v1/node");
    EXPECT_EQ(text(value.at("pod_cidrs")), R"(["10.1.0.0/24","fd00:1::/64"])");
    EXPECT_EQ(text(value.at("routers")), R"(["10.1.0.1","fd00:1::1"])");
    EXPECT_EQ(value.at("mtu").as_int64(), 1500);
}

TEST(Dump, PrintsEachStage) {
    TestNode node;
    node.add("default/web", "/run/netns/web");
    node.apply({web_service(), web_policy()});
    web_frontend(node, true);
    node.inspector.rows = {{"bl_hops", "3", "if 7"}};
    node.inspector.differences = {{'+', "bl_hops", "4", "if 8", ""}, {'-', "bl_hops", "5", "", "if 9"}};
    const auto snapshot = std::string(node.get("/v1/dump/snapshot").at("text").as_string());
    EXPECT_NE(snapshot.find("Service default/web cluster_ips [10.96.0.10] ports [http:TCP 80] selector [app=web]\n"),
              snapshot.npos)
        << snapshot;
    EXPECT_NE(snapshot.find("NetworkPolicy default/allow-client pods app=web ingress [from pods app=client; TCP "
                            "8080]\n"),
              snapshot.npos)
        << snapshot;
    EXPECT_NE(node.get("/v1/dump/plan").at("text").as_string().find("10.96.0.10"), std::string::npos);
    EXPECT_EQ(node.get("/v1/dump/maps").at("text"), "bl_hops 3 if 7\n");
    EXPECT_EQ(node.get("/v1/dump/diff").at("text"), "+ bl_hops 4 wanted if 8\n- bl_hops 5 actual if 9\n");
    EXPECT_EQ(node.get("/v1/dump/diff").at("rows").as_array().size(), 2u);
    EXPECT_EQ(node.call(Method::get, "/v1/dump/other").status, 404);
}

TEST(Kernel, ShowsHooksCountersMapsAndDoctor) {
    TestNode node;
    node.inspector.hook_list = {{"bl7", "tcx/ingress", "bl_from_container", 12, 34, "0123456789abcdef", "default/web"}};
    node.inspector.counter_list = {{"no_backend", "from_container", "egress", true, 3, 180},
                                   {"forwarded", "to_host", "ingress", false, 0, 0}};
    node.inspector.map_list = {{"bl_flows4", "Hash", 9, 10, 131072, 18900000}};
    node.inspector.checks = {{"jit", true, true, "on"}, {"tcx", false, false, "clsact is used"}};
    EXPECT_EQ(node.get("/v1/hooks").at(0).at("program_id").as_int64(), 12);
    const auto counters = node.get("/v1/counters").as_array();
    ASSERT_EQ(counters.size(), 1u) << "cells of 0 are left out";
    EXPECT_EQ(counters[0].at("reason_text"), "the service has no endpoint that is up; the sender was refused");
    EXPECT_EQ(node.get("/v1/maps").at(0).at("entries").as_int64(), 10);
    EXPECT_TRUE(node.get("/v1/doctor").at("ok").as_bool()) << "a fallback is no failure";
    node.inspector.checks[0].ok = false;
    EXPECT_FALSE(node.get("/v1/doctor").at("ok").as_bool());
}

TEST(Kernel, AFailureOfTheKernelIsAnAnswer) {
    TestNode node;
    node.inspector.broken = Error{Errc::kernel, "bl_flows4: Operation not permitted", 1};
    for (const char* target :
         {"/v1/flows", "/v1/hooks", "/v1/counters", "/v1/maps", "/v1/dump/maps", "/v1/dump/diff", "/metrics"})
        EXPECT_EQ(node.call(Method::get, target).status, 500) << target;
}

TEST(Validate, HandsTheFilesOverAndReportsTheVerdicts) {
    TestNode node;
    node.editor.verdict.objects = {web_policy()};
    node.editor.verdict.problems = {{"new.yaml", 3, "kind", "", "is missing", {}}};
    node.editor.verdict.ignored = {"new.yaml:9: apps/v1 Deployment"};
    const Response response = node.call(
        Method::post, "/v1/validate",
        "{\"files\":[{\"file\":\"d/new.yaml\",\"text\":\"kind: x\"},{\"file\":\"b.yaml\",\"text\":\"\xff\"}]}");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(node.editor.seen, "d/new.yaml|kind: x\nb.yaml|\xff\n");
    const auto value = json::parse(response.body);
    EXPECT_FALSE(value.at("ok").as_bool());
    ASSERT_EQ(value.at("files").as_array().size(), 2u);
    const auto& file = value.at("files").at(0);
    EXPECT_EQ(file.at("file"), "d/new.yaml");
    EXPECT_FALSE(file.at("ok").as_bool());
    EXPECT_EQ(file.at("objects").at(0).at("name"), "allow-client");
    EXPECT_EQ(file.at("objects").at(0).at("limits").as_array().size(), 1u);
    EXPECT_EQ(file.at("problems").at(0).at("text"), "new.yaml:3: kind: is missing");
    EXPECT_EQ(file.at("ignored").at(0), "new.yaml:9: apps/v1 Deployment");
}

TEST(Validate, RefusesABodyThatIsNoListOfFiles) {
    const std::pair<const char*, const char*> rows[] = {
        {"kind: x", "body: not JSON: "},
        {"{}", "body: files: is not a list"},
        {R"({"files":[1]})", "body: files[0]: is not an object"},
        {R"({"files":[{"text":"x"}]})", "body: files[0].file: is not a string"},
        {R"({"files":[{"file":"","text":"x"}]})", "body: files[0].file: is empty"},
        {R"({"files":[{"file":"a","text":"x"},{"file":"b"}]})", "body: files[1].text: is not a string"},
    };
    TestNode node;
    for (const auto& [body, message] : rows) {
        const Response response = node.call(Method::post, "/v1/validate", body);
        EXPECT_EQ(response.status, 400) << body;
        EXPECT_NE(response.body.find(message), std::string::npos) << response.body;
    }
    EXPECT_EQ(node.editor.seen, "");
}

TEST(Metrics, AreInPrometheusText) {
    TestNode node;
    node.inspector.counter_list = {{"no_backend", "from_container", "egress", true, 3, 180}};
    node.inspector.map_list = {{"bl_flows4", "Hash", 9, 10, 131072, 18900000}};
    node.inspector.state.in_force = {4};
    node.journal.add_malformed();
    const Response response = node.call(Method::get, "/metrics");
    EXPECT_EQ(response.type, "text/plain; version=0.0.4; charset=utf-8");
    for (const char* line :
         {"beeline_packets_total{reason=\"no_backend\",hook=\"from_container\",direction=\"egress\",drop=\"true\"} 3",
          "beeline_map_entries{map=\"bl_flows4\"} 10", "beeline_generation{state=\"in_force\"} 4",
          "beeline_events_malformed_total 1", "# TYPE beeline_packets_total counter", "process_resident_memory_bytes "})
        EXPECT_NE(response.body.find(line), std::string::npos) << line << "\n" << response.body;
}

TEST(Metrics, TellHowFullTheFlowTablesAreAndWhoHasTooMany) {
    TestNode node;
    node.inspector.pressure.tables = {{Family::v4, false, 100, 131072}, {Family::v6, true, 5, 16384}};
    node.inspector.pressure.endpoints = {{"default/web", Family::v4, 20000, 16384, true}};
    node.inspector.counter_list = {{"degraded", "from_container", "egress", false, 3, 180},
                                   {"degraded", "from_host", "egress", false, 4, 240},
                                   {"crowded", "from_container", "egress", false, 9, 540}};
    const std::string body = node.call(Method::get, "/metrics").body;
    for (const char* line :
         {"beeline_flow_table_entries{family=\"4\",table=\"flows\"} 100",
          "beeline_flow_table_capacity{family=\"6\",table=\"young\"} 16384", "beeline_flow_table_full_total 7",
          "beeline_flow_kept_young_total{reason=\"crowded\"} 9", "beeline_flow_kept_young_total{reason=\"unproved\"} 0",
          "beeline_endpoint_flows{endpoint=\"default/web\",family=\"4\"} 20000",
          "beeline_endpoint_crowded{endpoint=\"default/web\",family=\"4\"} 1"})
        EXPECT_NE(body.find(line), std::string::npos) << line << "\n" << body;
    EXPECT_EQ(body.find("beeline_packets_total{"), std::string::npos) << "these packets have a reason of their own";
}

TEST(Status, WarnsOfWhatWorksLessWell) {
    TestNode node;
    node.inspector.state.warnings = {"the IPv4 flow table is more than three quarters full"};
    const auto status = node.get("/v1/status");
    EXPECT_EQ(text(status.at("warnings")), R"(["the IPv4 flow table is more than three quarters full"])");
    EXPECT_EQ(text(status.at("errors")), "[]");
}

}  // namespace
}  // namespace beeline::api
