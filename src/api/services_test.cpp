#include "api/fake_test.h"

namespace beeline::api {
namespace {

std::string text(const boost::json::value& value) {
    return boost::json::serialize(value);
}

TEST(Services, ShowFrontendsWithTheirBackends) {
    TestNode node;
    node.apply({web_service()});
    const auto key = web_frontend(node, true);
    node.inspector.state.frontends[key] = {{2}, 1234, ""};
    const auto service = node.get("/v1/services/default/web");
    EXPECT_EQ(text(service.at("cluster_ips")), R"(["10.96.0.10"])");
    EXPECT_EQ(text(service.at("frontends")),
              R"([{"kind":"ClusterIP","addr":"10.96.0.10","port":80,"protocol":"TCP","port_name":"http",)"
              R"("backends":[{"addr":"10.1.0.99","port":8080,"state":"active"},)"
              R"({"addr":"10.1.0.98","port":8080,"state":"draining"}],"in_force":true,"since_ms":1234}])");
    EXPECT_EQ(text(service.at("ports")), R"([{"name":"http","protocol":"TCP","port":80,"target_port":"8080"}])");
    EXPECT_EQ(node.get("/v1/services").as_array().size(), 1u);
    EXPECT_EQ(node.call(Method::get, "/v1/services/default/nope").status, 404);
}

// A node port with a backend for everybody, one for this node's clients, one for those from outside, and one that
// only keeps its flows.
void add_node_port(TestNode& node) {
    auto plan = std::make_shared<plan::Plan>(*node.plan);
    const auto at = [](std::uint8_t last) {
        return plan::Backend{*parse_addr("10.1.0." + std::to_string(last)), {8080}, false};
    };
    plan::Frontend frontend;
    frontend.service = model::service_port_id({"default", "web"}, "http", Proto::tcp);
    frontend.kind = plan::FrontendKind::node_port;
    frontend.backends = {at(1), at(2)};
    frontend.outside = {{at(2), at(3)}};
    frontend.draining = {at(4)};
    plan->frontends[{{Family::v4, {}}, {30080}, Proto::tcp}] = frontend;
    node.plan = plan;
}

TEST(Services, ShowFrontendsOfEveryKindAndWhoMayChooseTheirBackends) {
    TestNode node;
    node.apply({web_service()});
    web_frontend(node, true);
    add_node_port(node);
    const auto service = node.get("/v1/services/default/web");
    EXPECT_EQ(text(service.at("frontends").at(0)),
              R"({"kind":"NodePort","addr":"0.0.0.0","port":30080,"protocol":"TCP","port_name":"http","backends":[)"
              R"({"addr":"10.1.0.1","port":8080,"state":"active","scope":"inside"},)"
              R"({"addr":"10.1.0.2","port":8080,"state":"active","scope":"all"},)"
              R"({"addr":"10.1.0.3","port":8080,"state":"active","scope":"outside"},)"
              R"({"addr":"10.1.0.4","port":8080,"state":"draining"}],"in_force":false})");

    auto plan = std::make_shared<plan::Plan>(*node.plan);
    const plan::FrontendKey key = plan->frontends.begin()->first;
    plan->frontends[key].outside = plan->frontends.at(key).backends;
    node.plan = plan;
    EXPECT_FALSE(text(node.get("/v1/services")).contains("scope")) << "the same for all";
    plan = std::make_shared<plan::Plan>(*plan);
    plan->frontends[key].outside = std::vector<plan::Backend>{};
    plan->frontends[key].elsewhere = true;
    node.plan = plan;
    EXPECT_TRUE(node.get("/v1/services/default/web").at("frontends").at(0).at("elsewhere").as_bool());
}

TEST(Services, ShowHowTheyAreExposed) {
    TestNode node;
    auto service = web_service();
    service.type = model::Service::Type::load_balancer;
    service.ports[0].node_port = {30080};
    service.external_ips = {*parse_addr("198.51.100.1")};
    service.ingress = {{*parse_addr("203.0.113.1"), false}, {*parse_addr("203.0.113.2"), true}};
    service.source_ranges = {*parse_prefix("192.168.0.0/16")};
    service.internal_policy = service.external_policy = model::TrafficPolicy::local;
    service.distribution = model::Service::Distribution::same_node;
    service.algorithm = model::Algorithm::maglev;
    service.affinity_seconds = 600;
    service.health_check_node_port = {32000};
    node.apply({service});
    const auto shown = text(node.get("/v1/services/default/web"));
    EXPECT_TRUE(shown.contains(R"("target_port":"8080","node_port":30080}])")) << shown;
    EXPECT_TRUE(shown.contains(R"("external_ips":["198.51.100.1"],"load_balancer_ips":["203.0.113.1","203.0.113.2"],)"
                               R"("source_ranges":["192.168.0.0/16"],"internal_traffic_policy":"Local",)"
                               R"("external_traffic_policy":"Local","traffic_distribution":"PreferSameNode",)"
                               R"("algorithm":"maglev","affinity_seconds":600,"health_check_node_port":32000)"))
        << shown;
    const auto dumped = text(node.get("/v1/dump/snapshot").at("text"));
    EXPECT_TRUE(dumped.contains(
        "ports [http:TCP 80:30080] selector [app=web] external_ips [198.51.100.1] source_ranges [192.168.0.0/16] "
        "ingress [203.0.113.1, 203.0.113.2 proxy] internal=Local external=Local algorithm=maglev affinity=600s"))
        << dumped;
}

}  // namespace
}  // namespace beeline::api
