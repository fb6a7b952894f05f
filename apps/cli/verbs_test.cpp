// The verbs of the nouns, status and observe: what they ask of the agent, and what they print.
#include "apps/cli/verbs.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "apps/cli/testing/cli_fixture.h"

namespace beeline::cli::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const char* service = R"({"namespace":"demo","name":"web","type":"ClusterIP","headless":false,
    "cluster_ips":["10.96.0.10","fd01::10"],"selector":{"app":"web"},"in_force":true,"since_ms":999000000,
    "file":"web.yaml","line":3,"ports":[{"name":"http","protocol":"TCP","port":80,"target_port":"8080"}],
    "frontends":[{"addr":"10.96.0.10","port":80,"protocol":"TCP","port_name":"http","in_force":true,"backends":[
        {"addr":"10.244.1.3","port":8080,"state":"active","pod":"demo/web-1"},
        {"addr":"10.244.1.4","port":8080,"state":"draining"}]},
      {"addr":"fd01::10","port":80,"protocol":"TCP","port_name":"http","in_force":true,"backends":[]}]})";
const char* policy =
    R"({"namespace":"demo","name":"allow","selector":"app=web","isolates":{"ingress":true,"egress":false},
    "selected":[{"id":3,"pod":"demo/web-1"}],"rules":[{"id":77,"direction":"ingress","index":0,
    "text":"from pods app=client; TCP 80"}],"limits":["spec.egress[0].to[0].ipBlock: not supported yet"],
    "file":"np.yaml","line":1,"in_force":true})";
const char* status = R"({"version":"1.2","node":"n1","generation":{"wanted":12,"in_force":12},"since_ms":999880000,
    "uptime_s":300,"devices":["eth0","eth1"],"endpoints":{"total":2,"up":1},"services":1,"policies":1,"identities":4,
    "events":{"received":9,"malformed":0,"lost":0},"objects":[{"kind":"Service","namespace":"demo","name":"web",
    "file":"web.yaml","line":3,"in_force":false,"error":"bl_frontends4: no room","limits":[]}],
    "problems":[{"text":"bad.yaml:14: spec.ports[0].port: '8x' is not a number","reason":"is not a number"}],"errors":[]})";

TEST_F(Cli, StatusShowsWhatIsWrong) {
    agent_.on("GET /v1/status", status);
    const auto ran = beeline({"status"});
    EXPECT_EQ(ran.code, exit_ok);
    EXPECT_THAT(ran.out, HasSubstr("Node:        n1\n"));
    EXPECT_THAT(ran.out, HasSubstr("12, in force for 2m\n"));
    EXPECT_THAT(ran.out, HasSubstr("eth0, eth1\n"));
    EXPECT_THAT(ran.out, HasSubstr("1 of 2 up\n"));
    EXPECT_THAT(ran.out, HasSubstr("  bad.yaml:14: spec.ports[0].port: '8x' is not a number\n"));
    EXPECT_THAT(ran.out, HasSubstr("  Service demo/web (web.yaml:3): bl_frontends4: no room\n"));
    EXPECT_EQ(beeline({"status", "--check"}).code, exit_negative);
}

TEST_F(Cli, StatusCheckIsFineWhenNothingIsWrong) {
    agent_.on("GET /v1/status", R"({"generation":{"wanted":1,"in_force":1},"objects":[],"problems":[],"errors":[]})");
    EXPECT_EQ(beeline({"status", "--check"}).code, exit_ok);
    agent_.on("GET /v1/status", R"({"generation":{"wanted":2,"in_force":1},"objects":[],"problems":[],"errors":[]})");
    EXPECT_EQ(beeline({"status", "--check"}).code, exit_negative);
}

TEST_F(Cli, StatusTellsARefusedDocumentOnce) {
    agent_.on("GET /v1/status", R"({"generation":{"wanted":1,"in_force":1},"errors":[],
        "problems":[{"text":"bad.yaml:14: spec: is missing","reason":"is missing"}],"objects":[
        {"kind":"Service","namespace":"demo","name":"web","in_force":true,"error":"bad.yaml:14: spec: is missing",
         "limits":[]}]})");
    const auto ran = beeline({"status"});
    EXPECT_THAT(ran.out, HasSubstr("Problems:    1\n"));
    EXPECT_THAT(ran.out, Not(HasSubstr("Not in force"))) << "its last good version is";
    EXPECT_EQ(beeline({"status", "--check"}).code, exit_negative);
}

TEST_F(Cli, StatusBeforeTheFirstGenerationSaysSo) {
    agent_.on("GET /v1/status", R"({"generation":{"wanted":1,"in_force":0},"objects":[],"problems":[],"errors":[]})");
    EXPECT_THAT(beeline({"status"}).out, HasSubstr("1 wanted, none in force yet\n"));
}

TEST_F(Cli, EndpointAddSendsWhatWasGiven) {
    agent_.on("POST /v1/endpoints", Reply{201, endpoint});
    const auto ran = beeline({"endpoint", "add", "--netns", "web-1", "--pod", "demo/web-1", "--label", "app=web",
                              "--label", "x=", "--ip", "10.244.1.3", "--ip", "FD00:0::3", "--ifname", "net0"});
    EXPECT_EQ(ran.code, exit_ok) << ran.err;
    EXPECT_THAT(
        agent_.requests(),
        ElementsAre(R"(POST /v1/endpoints {"pod":"demo/web-1","netns":"/var/run/netns/web-1",)"
                    R"("labels":{"app":"web","x":""},"ifname":"net0","addr4":"10.244.1.3","addr6":"fd00::3"})"));
    EXPECT_EQ(ran.out,
              "ID  POD         STATE  IPV4        IPV6     IDENTITY  INTERFACE  AGE\n"
              "3   demo/web-1  up     10.244.1.3  fd00::3  257       bl3        5m\n");
}

TEST_F(Cli, EndpointAddRefusesWrongArgumentsItself) {
    const std::vector<std::vector<std::string>> rows = {
        {"--netns", "a", "--pod", "x/y/z"},
        {"--netns", "a", "--pod", "x", "--label", "novalue"},
        {"--netns", "a", "--pod", "x", "--ip", "10.0.0.300"},
        {"--netns", "", "--pod", "x"},
        {"--netns", "a", "--pod", "x", "--ip", "10.0.0.1", "--ip", "10.0.0.2"},
        {"--netns", "a"},
        {"--pod", "x"}};
    for (auto row : rows) {
        row.insert(row.begin(), {"endpoint", "add"});
        const auto ran = beeline(row);
        EXPECT_EQ(ran.code, exit_usage) << ::testing::PrintToString(row);
        EXPECT_THAT(ran.err, StartsWith("beeline"));
    }
    EXPECT_THAT(agent_.requests(), IsEmpty());
}

TEST_F(Cli, EndpointListAndGet) {
    agent_.on("GET /v1/endpoints", endpoints);
    agent_.on("GET /v1/endpoints?pod=demo/web-1", endpoints);
    agent_.on("GET /v1/endpoints/3", endpoint);
    EXPECT_THAT(beeline({"endpoint", "list"}).out, HasSubstr("3   demo/web-1  up"));
    EXPECT_THAT(beeline({"endpoint", "list", "--pod", "demo/web-1"}).out, HasSubstr("10.244.1.3"));
    for (const char* word : {"3", "demo/web-1"}) {
        const auto ran = beeline({"endpoint", "get", word});
        EXPECT_EQ(ran.code, exit_ok) << ran.err;
        EXPECT_THAT(ran.out, HasSubstr("only what is allowed by demo/allow\n"));
        EXPECT_THAT(ran.out, HasSubstr("everything is allowed\n"));
        EXPECT_THAT(ran.out, Not(HasSubstr("Error")));
    }
}

TEST_F(Cli, GettingWhatIsNotThereExitsWithOne) {
    agent_.on("GET /v1/endpoints?pod=default/ghost", "[]");
    for (const std::vector<std::string>& args : {std::vector<std::string>{"endpoint", "get", "ghost"},
                                                 {"endpoint", "get", "9"},
                                                 {"endpoint", "delete", "ghost"},
                                                 {"service", "get", "demo/ghost"},
                                                 {"policy", "get", "ghost"}}) {
        const auto ran = beeline(args);
        EXPECT_EQ(ran.code, exit_negative) << ::testing::PrintToString(args);
        EXPECT_THAT(ran.err, StartsWith("beeline: "));
        EXPECT_EQ(ran.out, "");
    }
    EXPECT_EQ(beeline({"endpoint", "delete", "ghost", "--ignore-not-found"}).code, exit_ok);
}

TEST_F(Cli, EndpointDeleteByIdPodOrNamespace) {
    agent_.on("GET /v1/endpoints", endpoints);
    agent_.on("GET /v1/endpoints/3", endpoint);
    agent_.on("GET /v1/endpoints?pod=demo/web-1", endpoints);
    agent_.on("DELETE /v1/endpoints/3", R"({"id":3})");
    for (const std::vector<std::string>& args : {std::vector<std::string>{"3"}, {"demo/web-1"}, {"--netns", "web-1"}}) {
        auto all = args;
        all.insert(all.begin(), {"endpoint", "delete"});
        const auto ran = beeline(all);
        EXPECT_EQ(ran.code, exit_ok) << ran.err;
        EXPECT_EQ(ran.out, "endpoint 3 (demo/web-1) deleted\n");
        EXPECT_EQ(agent_.requests().back(), "DELETE /v1/endpoints/3");
    }
    EXPECT_EQ(beeline({"endpoint", "delete"}).code, exit_usage);
    EXPECT_EQ(beeline({"endpoint", "delete", "3", "--netns", "web-1"}).code, exit_usage);
}

TEST_F(Cli, ServiceListAndGet) {
    agent_.on("GET /v1/services", std::string("[") + service + "]");
    agent_.on("GET /v1/services/demo/web", service);
    EXPECT_EQ(beeline({"service", "list"}).out,
              "NAMESPACE  NAME  TYPE       CLUSTER-IP            EXTERNAL-IP  PORT(S)  BACKENDS  STATE     AGE\n"
              "demo       web   ClusterIP  10.96.0.10, fd01::10  -            80/TCP   1         in force  16m\n");
    const auto ran = beeline({"service", "get", "demo/web"});
    EXPECT_THAT(ran.out, HasSubstr("File:       web.yaml:3\n"));
    EXPECT_THAT(ran.out, HasSubstr("10.96.0.10:80/TCP  http       10.244.1.4:8080            -           draining\n"));
    EXPECT_THAT(ran.out, HasSubstr("[fd01::10]:80/TCP  http       none: clients are refused  -           -\n"));
}

TEST_F(Cli, ServicesShowHowTheyAreExposed) {
    const std::string exposed = R"({"namespace":"demo","name":"web","type":"LoadBalancer","cluster_ips":["10.96.0.10"],
        "ports":[{"name":"","protocol":"TCP","port":80,"target_port":"8080","node_port":30080},
                 {"name":"s","protocol":"UDP","port":443,"target_port":"8443"}],
        "frontends":[{"kind":"NodePort","addr":"0.0.0.0","port":30080,"protocol":"TCP","port_name":"","backends":[
            {"addr":"10.244.1.3","port":8080,"state":"active","scope":"inside"},
            {"addr":"10.244.1.4","port":8080,"state":"terminating","scope":"outside"},
            {"addr":"10.244.1.5","port":8080,"state":"active","scope":"all"}]},
          {"kind":"NodePort","addr":"::","port":30080,"protocol":"TCP","port_name":"","elsewhere":true,"backends":[]}],
        "in_force":true,)";
    const std::string addresses = R"("load_balancer_ips":["203.0.113.1"],"external_ips":["198.51.100.1"],
        "source_ranges":["192.168.0.0/16"],"internal_traffic_policy":"Local","external_traffic_policy":"Local",
        "traffic_distribution":"PreferSameNode","algorithm":"maglev","affinity_seconds":600,"health_check_node_port":32000,)";
    const std::string end = R"("limits":[]})";
    agent_.on("GET /v1/services", "[" + exposed + addresses + end + "," + exposed + end + "]");
    agent_.on("GET /v1/services/demo/web", exposed + addresses + end);
    const auto listed = beeline({"service", "list"}).out;
    EXPECT_THAT(listed, HasSubstr("  203.0.113.1, 198.51.100.1  80:30080/TCP,443/UDP  3 "));
    EXPECT_THAT(listed, HasSubstr("  pending                    80:30080/TCP,443/UDP  3 "));
    const auto ran = beeline({"service", "get", "demo/web"}).out;
    EXPECT_THAT(ran, HasSubstr("External:   198.51.100.1\nBalancer:   203.0.113.1\nClients:    192.168.0.0/16\n"
                               "Policies:   internal Local, external Local\nPrefers:    PreferSameNode\n"
                               "Algorithm:  maglev\nAffinity:   client address, for 600 s\nHealth:     32000\n"));
    EXPECT_THAT(ran, HasSubstr("\n*:30080/TCP    -          10.244.1.3:8080 "));
    EXPECT_THAT(ran, HasSubstr("  active, for this node\n"));
    EXPECT_THAT(ran, HasSubstr("  terminating, for clients from outside\n"));
    EXPECT_THAT(ran, HasSubstr("\n[*]:30080/TCP  -          none for clients from outside: on other nodes only "));
}

TEST_F(Cli, AServiceThatIsServedInPartSaysSo) {
    std::string partly = service;
    partly.insert(1, R"("limits":["spec.ports[1].targetPort: cannot be"],)");
    agent_.on("GET /v1/services", "[" + partly + "]");
    agent_.on("GET /v1/services/demo/web", partly);
    EXPECT_THAT(beeline({"service", "list"}).out, HasSubstr("  in part  16m\n"));
    EXPECT_THAT(beeline({"service", "get", "demo/web"}).out,
                HasSubstr("\nnot served: spec.ports[1].targetPort: cannot be\n"));
}

TEST_F(Cli, PolicyListAndGet) {
    agent_.on("GET /v1/policies", std::string("[") + policy + "]");
    agent_.on("GET /v1/policies/demo/allow", policy);
    EXPECT_EQ(beeline({"policy", "list"}).out,
              "NAMESPACE  NAME   PODS     ISOLATES  RULES  SELECTED  STATE\n"
              "demo       allow  app=web  ingress   1      1         in part\n");
    const auto ran = beeline({"policy", "get", "demo/allow"});
    EXPECT_THAT(ran.out, HasSubstr("ingress[0]  from pods app=client; TCP 80  77\n"));
    EXPECT_THAT(ran.out, HasSubstr("not enforced: spec.egress[0].to[0].ipBlock: not supported yet\n"));
    EXPECT_THAT(ran.out, HasSubstr("demo/web-1 (3)"));
}

TEST_F(Cli, ListsOfTheKernelAndIdentities) {
    agent_.on("GET /v1/identities",
              R"([{"id":1,"name":"host","reserved":true,"namespace":"","labels":{},"endpoints":[]},
        {"id":257,"name":"demo: app=web","reserved":false,"namespace":"demo","labels":{"app":"web"},"endpoints":[3,4]}])");
    agent_.on("GET /v1/hooks", R"([{"device":"bl3","hook":"tcx/ingress","program":"bl_from_container","program_id":41,
        "link_id":7,"tag":"00ff00ff00ff00ff","owner":"demo/web-1"},{"device":"bl4","hook":"clsact/egress",
        "program":"bl_to_container","program_id":42,"link_id":0,"tag":"11","owner":"demo/web-2"}])");
    agent_.on("GET /v1/maps", R"([{"name":"bl_flows4","kind":"hash","id":5,"entries":512,"max_entries":1024,
        "memlock":1572864}])");
    agent_.on("GET /v1/counters", R"([{"reason":"forwarded","reason_text":"forwarded","hook":"from_container",
        "direction":"egress","drop":false,"packets":10,"bytes":1000},{"reason":"no_backend","reason_text":"none",
        "hook":"from_container","direction":"egress","drop":true,"packets":2,"bytes":120}])");
    EXPECT_EQ(beeline({"identity", "list"}).out,
              "ID   NAMESPACE  LABELS   ENDPOINTS\n1    -          host     -\n257  demo       app=web  3, 4\n");
    EXPECT_EQ(beeline({"hook", "list"}).out,
              "DEVICE  HOOK           PROGRAM            ID  TAG               LINK  OWNER\n"
              "bl3     tcx/ingress    bl_from_container  41  00ff00ff00ff00ff  7     demo/web-1\n"
              "bl4     clsact/egress  bl_to_container    42  11                -     demo/web-2\n");
    EXPECT_EQ(beeline({"map", "list"}).out,
              "NAME       KIND  ID  ENTRIES  MAX   FULL  MEMORY\nbl_flows4  hash  5   512      1024  50%   1.5 MiB\n");
    EXPECT_THAT(beeline({"counter", "list"}).out, HasSubstr("forwarded   from_container  egress     10       1000"));
    EXPECT_THAT(beeline({"counter", "list", "--drops"}).out, Not(HasSubstr("1000")));
}

TEST_F(Cli, FlowListFiltersAndShowsTheRewrite) {
    agent_.on("GET /v1/flows?addr=10.244.1.0/24&port=80&proto=ICMPv6&family=6&limit=5",
              R"({"truncated":false,"flows":[]})");
    const auto none = beeline({"flow", "list", "--addr", "10.244.1.0/24", "--port", "80", "--proto", "ICMPv6",
                               "--family", "v6", "--limit", "5"});
    EXPECT_EQ(none.out, "No flows.\n") << none.err;
    agent_.on(
        "GET /v1/flows",
        R"({"truncated":true,"flows":[{"family":4,"protocol":"TCP","source":{"name":"demo/c","addr":"10.1.0.2","port":4000},
        "destination":{"name":"demo/web","addr":"10.96.0.10","port":80},"translated":{"source":{"addr":"10.1.0.2",
        "port":4000},"destination":{"addr":"10.1.0.3","port":8080}},"direction":"original","table":"flows",
        "current":true,"state":"established","deliver":"peer","packets":7,"bytes":700,"idle_s":0.4,"expires_s":3599.6}]})");
    const auto one = beeline({"flow", "list"});
    EXPECT_THAT(one.out,
                HasSubstr("TCP    demo/c (10.1.0.2:4000)  demo/web (10.96.0.10:80)  to 10.1.0.3:8080  original  "
                          "established  peer     7        700    0s    60m\n"));
    EXPECT_THAT(one.err, StartsWith("beeline: only 1 flows are shown, there are more: "));
    EXPECT_EQ(beeline({"flow", "list", "-o", "json"}).err, "");
}

TEST_F(Cli, FlowFlushWithoutAFilterNeedsAll) {
    agent_.on("DELETE /v1/flows?all=true", R"({"removed":12})");
    agent_.on("DELETE /v1/flows?port=53&proto=UDP", R"({"removed":2})");
    EXPECT_EQ(beeline({"flow", "flush"}).code, exit_usage);
    EXPECT_EQ(beeline({"flow", "flush", "--all", "--port", "53"}).code, exit_usage);
    EXPECT_THAT(agent_.requests(), IsEmpty());
    EXPECT_EQ(beeline({"flow", "flush", "--all"}).out, "12 flows removed\n");
    EXPECT_EQ(beeline({"flow", "flush", "--port", "53", "--proto", "udp"}).out, "2 flows removed\n");
}

const char* record = R"({"time":"x","verdict":"dropped","reason":"no_backend","reason_text":"refused","protocol":"TCP",
    "source":{"name":"demo/c","addr":"10.1.0.2","port":4000},"destination":{"name":"world","addr":"10.96.0.10","port":80}})";

TEST_F(Cli, ObservePrintsTheLastRecords) {
    agent_.on("GET /v1/observe?last=5&verdict=dropped&pod=default/c&port=80", std::string("[") + record + "]");
    const auto ran = beeline({"observe", "--last", "5", "--verdict", "dropped", "--pod", "c", "--port", "80"});
    EXPECT_EQ(ran.out, "x demo/c (10.1.0.2:4000) -> world (10.96.0.10:80) TCP DROPPED   no_backend: refused\n")
        << ran.err;
}

TEST_F(Cli, ObserveFollowsUntilTheAgentEnds) {
    std::string line = record;
    std::erase(line, '\n');
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    agent_.on("GET /v1/observe?follow=true",
              Reply{.raw = {head, "data: " + line + "\n\n", "event: lost\ndata: {\"lost\":4}\n\n"}});
    const auto ran = beeline({"observe", "-f"});
    EXPECT_EQ(ran.code, exit_usage);
    EXPECT_THAT(ran.out, HasSubstr("DROPPED   no_backend: refused\n"));
    EXPECT_THAT(ran.err, HasSubstr("4 records left out"));
    EXPECT_THAT(ran.err, HasSubstr("the agent ended the stream"));
    const auto as_json = beeline({"observe", "-f", "-o", "json"}).out;
    EXPECT_EQ(std::ranges::count(as_json, '\n'), 1);
    EXPECT_EQ(boost::json::parse(as_json).at("reason"), "no_backend");
}

}  // namespace
}  // namespace beeline::cli::testing
