// Endpoints, flows and records: the resources with bodies, filters and streams.
#include "abi/flow.h"
#include "api/fake_test.h"

namespace beeline::api {
namespace {

namespace json = boost::json;

std::string message_of(const Response& response) {
    return std::string(json::parse(response.body).at("error").at("message").as_string());
}

TEST(Endpoints, AreMadeOnceAndFoundByIdAndPod) {
    TestNode node;
    const char* body = R"({"pod":"default/web","netns":"/run/netns/web","labels":{"app":"web"}})";
    const Response made = node.call(Method::post, "/v1/endpoints", body);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto endpoint = json::parse(made.body);
    const auto id = endpoint.at("id").as_int64();
    EXPECT_EQ(endpoint.at("pod"), "default/web");
    EXPECT_EQ(endpoint.at("ifname"), "eth0");
    EXPECT_EQ(endpoint.at("host_ifname").as_string(), "bl" + std::to_string(id));
    EXPECT_TRUE(endpoint.as_object().contains("addr4"));
    EXPECT_TRUE(endpoint.as_object().contains("addr6"));
    EXPECT_EQ(node.call(Method::post, "/v1/endpoints", body).status, 200) << "idempotent";

    EXPECT_EQ(node.get("/v1/endpoints").as_array().size(), 1u);
    EXPECT_EQ(node.get("/v1/endpoints?pod=default/web").as_array().size(), 1u);
    EXPECT_EQ(node.get("/v1/endpoints?pod=default/other").as_array().size(), 0u);
    EXPECT_EQ(node.get("/v1/endpoints/" + std::to_string(id)).at("netns"), "/run/netns/web");

    EXPECT_EQ(node.call(Method::delete_, "/v1/endpoints/" + std::to_string(id)).status, 200);
    EXPECT_EQ(node.call(Method::delete_, "/v1/endpoints/" + std::to_string(id)).status, 404);
    EXPECT_EQ(node.call(Method::get, "/v1/endpoints/" + std::to_string(id)).status, 404);
}

TEST(Endpoints, NameThePoliciesThatIsolateThem) {
    TestNode node;
    node.add("default/web", "/run/netns/web");
    model::NetworkPolicy policy;
    policy.meta = {"default", "deny-all", {}, {"test.yaml", 1}};
    policy.isolates_ingress = true;
    node.apply({policy});
    EXPECT_EQ(json::serialize(node.get("/v1/endpoints").at(0).at("policies")),
              R"({"ingress":["default/deny-all"],"egress":[]})");
}

TEST(Endpoints, ABadBodySaysWhatIsWrongWithIt) {
    struct Row {
        const char* body;
        const char* message;
    };
    const Row rows[] = {
        {"", "body: not JSON: incomplete JSON"},
        {"[]", "body: is not a JSON object"},
        {R"({"netns":"/x"})", "pod: is missing"},
        {R"({"pod":"a/b/c","netns":"/x"})", "pod: 'a/b/c' is not of the form namespace/name"},
        {R"({"pod":"a/b"})", "netns: is missing"},
        {R"({"pod":"a/b","netns":"web"})", "netns: 'web' is not an absolute path"},
        {R"({"pod":"a/b","netns":7})", "netns: is not a string"},
        {R"({"pod":"a/b","netns":"/x","labels":[]})", "labels: is not an object"},
        {R"({"pod":"a/b","netns":"/x","labels":{"a":1}})", "labels.a: is not a string"},
        {R"({"pod":"a/b","netns":"/x","ifname":"a/b"})", "ifname: 'a/b' cannot be the name of an interface"},
        {R"({"pod":"a/b","netns":"/x","ifname":"sixteen-letters-"})",
         "ifname: 'sixteen-letters-' cannot be the name of an interface"},
        {R"({"pod":"a/b","netns":"/x","addr4":"fd00::1"})", "addr4: 'fd00::1' is not an IPv4 address"},
        {R"({"pod":"a/b","netns":"/x","addr6":"10.1.0.7"})", "addr6: '10.1.0.7' is not an IPv6 address"},
        {R"({"pod":"a/b","netns":"/x","ip":"10.1.0.7"})", "unknown field 'ip'"},
    };
    TestNode node;
    for (const Row& row : rows) {
        const Response response = node.call(Method::post, "/v1/endpoints", row.body);
        EXPECT_EQ(response.status, 400) << row.body;
        EXPECT_EQ(message_of(response), row.message);
    }
    EXPECT_TRUE(node.store.current()->endpoints.empty());
}

TEST(Endpoints, AnAddressOutsideTheRangeIsRefused) {
    TestNode node;
    const Response response =
        node.call(Method::post, "/v1/endpoints", R"({"pod":"a/b","netns":"/x","addr4":"192.0.2.1"})");
    EXPECT_EQ(response.status, 400) << response.body;
}

TEST(Endpoints, AnIdIsANumber) {
    TestNode node;
    for (const char* id : {"0", "65536", "x", "1x", "-1"})
        EXPECT_EQ(node.call(Method::get, std::string("/v1/endpoints/") + id).status, 400) << id;
}

TEST(Flows, FiltersAreHandedToTheKernel) {
    TestNode node;
    node.get("/v1/flows?addr=10.1.0.0/24&port=80&proto=icmpv6&family=6&state=new&limit=7");
    const auto& asked = node.inspector.asked;
    EXPECT_EQ(to_string(*asked.addr), "10.1.0.0/24");
    EXPECT_EQ(asked.port->value, 80);
    EXPECT_EQ(*asked.proto, Proto::icmp6);
    EXPECT_EQ(*asked.family, Family::v6);
    EXPECT_EQ(*asked.state, "new");
    node.get("/v1/flows?addr=fd00::1");
    EXPECT_EQ(to_string(*node.inspector.asked.addr), "fd00::1/128") << "an address is its own prefix";
    EXPECT_FALSE(node.inspector.asked.port);
}

TEST(Flows, AFilterThatCannotBeMeantIsRefused) {
    TestNode node;
    for (const char* query :
         {"addr=10.1.0.1/24", "addr=x", "port=0", "port=65536", "port=http", "proto=GRE", "family=5", "state=old",
          "pod=a/b/c", "service=a/b/c", "limit=-1", "limit=0", "limit=100001", "limit=99999999999", "prot=TCP"}) {
        const Response response = node.call(Method::get, std::string("/v1/flows?") + query);
        EXPECT_EQ(response.status, 400) << query;
        EXPECT_EQ(node.call(Method::delete_, std::string("/v1/flows?") + query).status, 400) << query;
    }
    EXPECT_EQ(message_of(node.call(Method::get, "/v1/flows?prot=TCP")), "unknown query parameter 'prot'");
}

TEST(Flows, PodsAndServicesAreGivenByName) {
    TestNode node;
    const auto web = node.add("default/web", "/run/netns/web");
    model::Service service;
    service.meta = {"default", "shop", {}, {"test.yaml", 3}};
    service.cluster_ips = {*parse_addr("10.96.0.10")};
    service.families = {Family::v4};
    service.ports.push_back({"http", Proto::tcp, {80}, Port{8080}});
    node.apply({service});
    node.get("/v1/flows?pod=default/web&service=default/shop");
    const auto& asked = node.inspector.asked;
    EXPECT_EQ(asked.addrs.value(), (std::vector{*web.addr4, *web.addr6}));
    const std::vector<plan::FrontendKey> frontend{{*parse_addr("10.96.0.10"), {80}, Proto::tcp}};
    EXPECT_EQ(asked.service.value(), frontend);
    EXPECT_EQ(node.call(Method::get, "/v1/flows?pod=default/nobody").status, 404);
    EXPECT_EQ(node.call(Method::delete_, "/v1/flows?service=default/nothing").status, 404);
}

TEST(Flows, ShowNamesServiceAndTranslation) {
    TestNode node;
    const auto client = node.add("default/client", "/run/netns/client");
    model::Service service;
    service.meta = {"default", "web", {}, {"test.yaml", 3}};
    service.cluster_ips = {*parse_addr("10.96.0.10")};
    service.families = {Family::v4};
    service.ports.push_back({"http", Proto::tcp, {80}, Port{8080}});
    node.apply({service});
    plan::FlowEntry entry;
    entry.saddr = entry.new_saddr = *client.addr4;
    entry.sport = entry.new_sport = {40000};
    entry.daddr = *parse_addr("10.96.0.10");
    entry.dport = {80};
    entry.new_daddr = *parse_addr("10.1.0.77");
    entry.new_dport = {8080};
    entry.proto = Proto::tcp;
    entry.current = true;
    entry.state = "established";
    entry.deliver = "peer";
    node.inspector.entries = {entry};
    const auto flow = node.get("/v1/flows").at("flows").at(0);
    EXPECT_EQ(flow.at("source").at("name"), "default/client");
    EXPECT_EQ(flow.at("service"), "default/web:http");
    EXPECT_EQ(flow.at("destination").at("name"), "default/web:http") << "not the identity of the backend behind it";
    EXPECT_EQ(flow.at("translated").at("destination").at("addr"), "10.1.0.77");
    EXPECT_EQ(flow.at("direction"), "original");
    EXPECT_EQ(flow.at("table"), "flows");

    node.inspector.entries[0].new_daddr = entry.daddr;
    node.inspector.entries[0].new_dport = entry.dport;
    EXPECT_FALSE(node.get("/v1/flows").at("flows").at(0).as_object().contains("translated"));
}

TEST(Flows, ThatAreTooManyAreCutAndSaidToBe) {
    TestNode node;
    node.inspector.entries.resize(1002);
    const auto cut = node.get("/v1/flows");
    EXPECT_EQ(cut.at("flows").as_array().size(), 1000u);
    EXPECT_TRUE(cut.at("truncated").as_bool());
    node.inspector.entries.resize(5000);
    node.inspector.steps = 0;
    node.get("/v1/flows");
    EXPECT_EQ(node.inspector.steps, 501u) << "the walk ends there, too";
    node.inspector.entries.resize(1000);
    EXPECT_FALSE(node.get("/v1/flows").at("truncated").as_bool());
    EXPECT_EQ(node.get("/v1/flows").at("flows").as_array().size(), 1000u);
}

TEST(Flows, FlushTellsHowManyWent) {
    TestNode node;
    node.inspector.entries.resize(3);
    const Response response = node.call(Method::delete_, "/v1/flows?port=80");
    EXPECT_EQ(response.body, "{\"removed\":3}\n");
    EXPECT_EQ(node.inspector.asked.port->value, 80);
}

TEST(Flows, OfAllIsFlushedOnlyWhatIsMeant) {
    TestNode node;
    node.inspector.entries.resize(3);
    EXPECT_EQ(node.call(Method::delete_, "/v1/flows").status, 400);
    EXPECT_EQ(node.inspector.steps, 0u);
    EXPECT_EQ(node.call(Method::delete_, "/v1/flows?all=true").body, "{\"removed\":3}\n");
}

TEST(Flows, AreWalkedOneStepATurnOfTheLoop) {
    TestNode node;
    node.inspector.entries.resize(5);
    std::vector<std::function<void()>> turns;
    node.context.later = [&](std::function<void()> work) { turns.push_back(std::move(work)); };
    std::optional<Response> got;
    node.router.handle(parse_target(Method::delete_, "/v1/flows?all=true").value(),
                       [&](Response response) { got = std::move(response); });
    for (std::size_t turn = 0; turn < turns.size(); turn++) {
        EXPECT_FALSE(got) << "after " << turn << " turns";
        std::exchange(turns[turn], {})();
    }
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, "{\"removed\":5}\n");
    EXPECT_EQ(node.inspector.steps, 3u);
    EXPECT_EQ(turns.size(), 2u);
}

flow::FlowRecord record(std::int64_t time, abi::Reason reason = abi::Reason::forwarded) {
    flow::FlowRecord made;
    made.time_ns = time;
    made.reason = reason;
    made.proto = Proto::tcp;
    made.source = {*parse_addr("10.1.0.5"), {40000}, {300}, {}, "identity 300"};
    made.destination = {*parse_addr("10.1.0.6"), {80}, {301}, {}, "identity 301"};
    return made;
}

TEST(Observe, GivesTheLastRecordsOldestFirst) {
    TestNode node;
    for (int i = 0; i < 5; i++)
        node.journal.add(record(i, i == 3 ? abi::Reason::no_backend : abi::Reason::forwarded));
    const auto all = node.get("/v1/observe?last=2").as_array();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].at("time"), "1970-01-01T00:00:00.000000003Z");
    EXPECT_EQ(all[0].at("verdict"), "dropped");
    EXPECT_EQ(all[0].at("reason"), "no_backend");
    EXPECT_EQ(all[1].at("verdict"), "forwarded");
    EXPECT_EQ(node.get("/v1/observe?verdict=dropped").as_array().size(), 1u);
    EXPECT_EQ(node.get("/v1/observe?port=80").as_array().size(), 5u);
    EXPECT_EQ(node.get("/v1/observe?port=81").as_array().size(), 0u);
}

TEST(Observe, ARecordCarriesServiceRuleAndFlags) {
    TestNode node;
    flow::FlowRecord full = record(1);
    full.service = flow::AskedService{"default/web", *parse_addr("10.96.0.1"), {80}};
    full.rule = {7};
    full.rule_text = "NetworkPolicy default/a ingress[0]";
    full.tcp = abi::tcp_syn | abi::tcp_ack;
    full.destination.pod = std::make_shared<const flow::Pod>(flow::Pod{{"default", "web-1"}, {{"app", "web"}}});
    node.journal.add(full);
    const auto value = node.get("/v1/observe").at(0);
    EXPECT_EQ(json::serialize(value.at("service")), R"({"addr":"10.96.0.1","port":80,"name":"default/web"})");
    EXPECT_EQ(value.at("rule"), "NetworkPolicy default/a ingress[0]");
    EXPECT_EQ(value.at("rule_id").as_int64(), 7);
    EXPECT_EQ(value.at("tcp_flags"), "SYN,ACK");
    EXPECT_EQ(value.at("destination").at("pod"), "default/web-1");
    EXPECT_EQ(value.at("destination").at("labels").at("app"), "web");
    EXPECT_FALSE(value.at("source").as_object().contains("pod"));
}

TEST(Observe, RefusesWhatItDoesNotUnderstand) {
    TestNode node;
    for (const char* query : {"follow=yes", "last=x", "verdict=drop", "pod=a/b/c", "port=0", "since=1"})
        EXPECT_EQ(node.call(Method::get, std::string("/v1/observe?") + query).status, 400) << query;
}

TEST(Observe, FollowingIsAStreamOfEvents) {
    TestNode node;
    node.journal.add(record(1));
    node.journal.add(record(2));
    Response response = node.call(Method::get, "/v1/observe?follow=true&last=1");
    EXPECT_EQ(response.type, "text/event-stream");
    ASSERT_TRUE(response.stream);
    int wakes = 0;
    response.stream->start([&] { wakes++; });
    const std::string first = response.stream->take();
    EXPECT_TRUE(first.starts_with(R"(data: {"time":"1970-01-01T00:00:00.000000002Z")")) << first;
    EXPECT_TRUE(first.ends_with("}\n\n")) << first;
    EXPECT_EQ(response.stream->take(), "");
    node.journal.add(record(3));
    EXPECT_EQ(wakes, 1);
    EXPECT_NE(response.stream->take().find("000000003Z"), std::string::npos);
}

TEST(Observe, AStreamSaysHowManyRecordsItLeftOut) {
    TestNode node;
    const Response response = node.call(Method::get, "/v1/observe?follow=true");
    response.stream->start([] {});
    for (std::size_t i = 0; i < flow::Subscription::bound + 3; i++)
        node.journal.add(record(1));
    EXPECT_TRUE(response.stream->take().ends_with("event: lost\ndata: {\"lost\": 3}\n\n"));
}

}  // namespace
}  // namespace beeline::api
