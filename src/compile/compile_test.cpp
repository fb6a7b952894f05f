// What golden files cannot show: purity, sharing, and the growth of time. What is compiled to which rows stands in
// tests/scenario.
#include "compile/compile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>

namespace beeline::compile {
namespace {

using model::Labels;

Addr addr(const std::string& text) {
    return parse_addr(text).value();
}

template <class T>
void enter(model::Objects<T>& objects, T object) {
    const model::Name name{object.meta.ns, object.meta.name};
    objects[name] = std::make_shared<const T>(std::move(object));
}

model::Meta meta(const std::string& name, Labels labels = {}) {
    return {.ns = "default", .name = name, .labels = std::move(labels), .origin = {}};
}

model::Service service(const std::string& name, const std::string& ip, Proto proto = Proto::tcp) {
    model::Service result;
    result.meta = meta(name);
    result.cluster_ips = {addr(ip)};
    result.ports = {{.name = "", .proto = proto, .port = Port{80}, .target_port = Port{8080}}};
    result.selector = {{"app", name}};
    return result;
}

void add_endpoint(model::Snapshot& snapshot, std::uint16_t id, const Labels& labels) {
    const IdentityId identity =
        snapshot.identities
            .try_emplace({"default", labels}, IdentityId{256 + static_cast<std::uint32_t>(snapshot.identities.size())})
            .first->second;
    snapshot.endpoints[{id}] = std::make_shared<const model::Endpoint>(
        model::Endpoint{.id = {id},
                        .pod = {"default", fmt::format("pod-{}", id)},
                        .labels = labels,
                        .own_labels = labels,
                        .netns = fmt::format("/run/netns/{}", id),
                        .netns_inode = 0,
                        .ifname = "eth0",
                        .addr4 = addr(fmt::format("10.244.{}.{}", id / 250, 2 + id % 250)),
                        .addr6 = {},
                        .identity = identity});
    snapshot.up.insert({id});
}

model::NetworkPolicy allow(const std::string& name, Labels pods, Labels from) {
    model::NetworkPolicy policy;
    policy.meta = meta(name);
    policy.pods.match_labels = std::move(pods);
    policy.isolates_ingress = true;
    model::PolicyPeer peer;
    peer.pods = model::Selector{std::move(from), {}};
    policy.ingress = {{.peers = {peer}, .ports = {{.proto = Proto::tcp, .port = Port{80}}}, .nothing = false}};
    return policy;
}

TEST(Compile, gives_equal_plans_for_equal_snapshots) {
    model::Snapshot snapshot;
    enter(snapshot.services, service("web", "10.96.0.1"));
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.policies, allow("p", {}, {{"app", "web"}}));
    const model::Snapshot copy = snapshot;
    EXPECT_EQ(compile(snapshot), compile(copy));
    EXPECT_EQ(compile(snapshot).frontends.size(), 1U);
}

TEST(Compile, gives_equal_sets_to_pods_that_the_same_policies_select) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {{"app", "web"}, {"n", "1"}});
    add_endpoint(snapshot, 2, {{"app", "web"}, {"n", "2"}});
    add_endpoint(snapshot, 3, {{"app", "db"}});
    enter(snapshot.policies, allow("p", {{"app", "web"}}, {{"app", "db"}}));
    const auto plan = compile(snapshot);
    EXPECT_EQ(plan.endpoints.at({1}).policy, plan.endpoints.at({2}).policy);
    EXPECT_NE(plan.endpoints.at({1}).policy, plan.endpoints.at({3}).policy);
    EXPECT_EQ(plan.endpoints.at({1}).policy.entries.size(), 1U);
}

TEST(Compile, names_the_first_of_several_rules_that_allow_the_same) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.policies, allow("b", {}, {}));
    enter(snapshot.policies, allow("a", {}, {}));
    const auto entries = compile(snapshot).endpoints.at({1}).policy.entries;
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].rule, model::rule_id({"default", "a"}, false, 0));
}

TEST(Compile, leaves_out_an_sctp_frontend_whose_port_would_change) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.services, service("web", "10.96.0.1", Proto::sctp));
    EXPECT_TRUE(compile(snapshot).frontends.empty());
    auto same_port = service("web", "10.96.0.1", Proto::sctp);
    same_port.ports[0].target_port = Port{80};
    enter(snapshot.services, same_port);
    EXPECT_EQ(compile(snapshot).frontends.size(), 1U);
}

struct Endpoints {
    const char* says;
    std::vector<model::SliceEndpoint> given;
    std::vector<std::uint8_t> backends, draining;  // last byte of the address
};

model::SliceEndpoint at(const char* ip, bool ready, bool serving, bool terminating) {
    return {.addresses = {addr(ip)}, .ready = ready, .serving = serving, .terminating = terminating, .node_name = ""};
}

std::vector<std::uint8_t> last_bytes(const std::vector<plan::Backend>& backends) {
    std::vector<std::uint8_t> result;
    for (const plan::Backend& backend : backends)
        result.push_back(backend.addr.bytes[3]);
    return result;
}

TEST(Compile, chooses_backends_as_kube_proxy_does) {
    const auto ready = at("10.0.0.1", true, true, false), leaving = at("10.0.0.2", false, true, true),
               gone = at("10.0.0.3", false, false, true), unready = at("10.0.0.4", false, false, false),
               published = at("10.0.0.5", true, true, true), held = at("10.0.0.6", false, true, false);
    const std::vector<Endpoints> rows{
        {"ready ones; the leaving one keeps its flows", {ready, leaving, gone, unready}, {1}, {2}},
        {"none ready: those that still serve while they leave", {leaving, gone, unready}, {2}, {}},
        {"nobody", {gone, unready}, {}, {}},
        {"ready counts more than terminating", {published, leaving}, {5}, {2}},
        {"serving alone keeps flows", {held}, {}, {6}},
        {"said twice: the better holds", {at("10.0.0.2", true, true, false), leaving}, {2}, {}},
    };
    for (const Endpoints& row : rows) {
        model::Snapshot snapshot;
        enter(snapshot.services, service("web", "10.96.0.1"));
        model::EndpointSlice slice;
        slice.meta = meta("web-1");
        slice.service = {"default", "web"};
        slice.ports = {{.name = "", .proto = Proto::tcp, .port = Port{8080}}};
        slice.endpoints = row.given;
        enter(snapshot.slices, slice);
        const auto frontend = compile(snapshot).frontends.begin()->second;
        EXPECT_EQ(last_bytes(frontend.backends), row.backends) << row.says;
        EXPECT_EQ(last_bytes(frontend.draining), row.draining) << row.says;
    }
}

TEST(Compile, handles_a_thousand_services_and_a_hundred_containers_in_milliseconds) {
    model::Snapshot snapshot;
    for (std::uint16_t i = 0; i < 1000; ++i) {
        const std::string name = fmt::format("s{}", i);
        enter(snapshot.services, service(name, fmt::format("10.96.{}.{}", i / 250, 1 + i % 250)));
        model::EndpointSlice slice;
        slice.meta = meta(name);
        slice.service = {"default", name};
        slice.ports = {{.name = "", .proto = Proto::tcp, .port = Port{8080}}};
        slice.endpoints = {at("10.244.9.1", true, true, false), at("10.244.9.2", true, true, false)};
        if (i % 2 == 0) enter(snapshot.slices, slice);
    }
    for (std::uint16_t i = 1; i <= 100; ++i)
        add_endpoint(snapshot, i, {{"app", fmt::format("s{}", 2 * i + 1)}, {"tier", "all"}});
    for (int i = 0; i < 100; ++i)
        enter(snapshot.policies, allow(fmt::format("p{}", i), {{"tier", "all"}}, {{"app", fmt::format("s{}", i)}}));
    const std::clock_t start = std::clock();  // processor time: the machine may be busy
    const auto plan = compile(snapshot);
    const auto milliseconds = (std::clock() - start) * 1000 / CLOCKS_PER_SEC;
    RecordProperty("milliseconds", static_cast<int>(milliseconds));
    EXPECT_EQ(plan.frontends.size(), 1000U);
    // With sanitizers, where it takes about 25 ms; a walk that is quadratic takes longer by far.
    EXPECT_LT(milliseconds, 500);
}

}  // namespace
}  // namespace beeline::compile
