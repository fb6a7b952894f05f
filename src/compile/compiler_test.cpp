// A Compiler that has followed a long history against one that sees only its end.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "compile/compile.h"
#include "compile/fixture.h"

namespace beeline::compile {
namespace {

// A cluster in which everything happens to few names, so that it happens to the same ones.
class History {
public:
    explicit History(unsigned seed) : random_(seed) { now_.node.name = "node-1"; }

    const model::Snapshot& now() const { return now_; }
    void step() {
        static constexpr void (History::* steps[])() = {
            &History::change_service, &History::change_service, &History::change_slice, &History::change_slice,
            &History::change_slice,   &History::change_pod,     &History::change_pod,   &History::change_endpoint,
            &History::change_up,      &History::change_failing, &History::change_node,  &History::change_policy,
            &History::change_config};
        now_.generation.value++;
        for (unsigned i = below(3); i < 3; ++i)
            (this->*steps[below(std::size(steps))])();
    }

private:
    unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
    bool rarely() { return below(8) == 0; }
    bool half() { return below(2) == 0; }
    std::string number(unsigned end) { return std::to_string(below(end)); }
    std::string service_name() { return "s" + number(8); }
    std::string node_name() { return half() ? "node-" + number(3) : ""; }
    Addr pod_addr() { return addr(rarely() ? "fd00::" + number(5) : "10.244.0." + number(9)); }
    model::Labels labels() { return {{"app", service_name()}, {"tier", number(2)}}; }
    template <class T>
    T one_of(std::initializer_list<T> all) {
        return *(all.begin() + below(static_cast<unsigned>(all.size())));
    }
    // Often in place of the one with its name; sometimes the one with its name goes.
    template <class T>
    void enter_or_erase(model::Objects<T>& objects, T object) {
        if (below(4) == 0)
            objects.erase({object.meta.ns, object.meta.name});
        else
            enter(objects, std::move(object));
    }

    void change_service();
    void expose(model::Service& service);
    void change_slice();
    void change_pod();
    void change_endpoint();
    void change_up();
    void change_failing();
    void change_node();
    void change_policy();
    void change_config();

    std::mt19937 random_;
    model::Snapshot now_{};
};

void History::expose(model::Service& service) {
    using Type = model::Service::Type;
    service.type = one_of({Type::cluster_ip, Type::node_port, Type::load_balancer, Type::external_name});
    if (half()) service.external_ips = {addr("203.0.113." + number(3))};
    if (half()) service.ingress = {{addr("203.0.113." + number(3)), rarely()}};
    if (half()) service.source_ranges = {parse_prefix("198.51.100.0/24").value()};
    if (is_on_nodes(service)) service.ports[0].node_port = Port{static_cast<std::uint16_t>(30000 + below(3))};
    if (half()) service.health_check_node_port = Port{static_cast<std::uint16_t>(32000 + below(2))};
    service.external_policy = one_of({model::TrafficPolicy::cluster, model::TrafficPolicy::local});
}

void History::change_service() {
    const auto proto = one_of({Proto::tcp, Proto::tcp, Proto::udp, Proto::sctp});
    auto given = service(service_name(), "10.96.0." + number(5), proto);
    if (rarely()) given.cluster_ips.push_back(addr("fd96::" + number(3)));
    if (rarely()) given.cluster_ips.clear();
    if (half()) given.ports.push_back({.name = "b", .port = Port{81}, .target_port = std::string("web")});
    if (half()) given.selector.clear();
    if (half()) given.selector["tier"] = number(2);
    given.headless = rarely();
    given.foreign_proxy = rarely();
    given.publish_not_ready = rarely();
    given.internal_policy = one_of({model::TrafficPolicy::cluster, model::TrafficPolicy::local});
    using enum model::Service::Distribution;
    given.distribution = one_of({any, same_zone, same_node});
    if (half()) given.algorithm = one_of({model::Algorithm::maglev, model::Algorithm::random});
    if (half()) given.forwarding = one_of({model::Forwarding::dsr, model::Forwarding::snat});
    if (half()) expose(given);
    enter_or_erase(now_.services, given);
}

void History::change_slice() {
    std::vector<model::SliceEndpoint> endpoints;
    for (unsigned i = below(4); i > 0; --i) {
        model::SliceEndpoint endpoint{.addresses = {pod_addr()}, .ready = half(), .serving = half()};
        endpoint.terminating = half();
        endpoint.node_name = node_name();
        if (half()) endpoint.hint_zones = {"zone-" + number(2)};
        if (half()) endpoint.hint_nodes = {"node-" + number(3)};
        endpoints.push_back(endpoint);
    }
    auto given = slice(service_name(), std::move(endpoints));
    given.meta.name = "slice-" + number(12);
    given.weight = below(3);
    if (half()) given.ports.push_back({.name = "b", .proto = Proto::tcp, .port = Port{81}});
    if (rarely()) given.service = {};
    if (rarely()) given.meta.labels["service.kubernetes.io/headless"] = "";
    enter_or_erase(now_.slices, given);
}

void History::change_pod() {
    model::Pod pod;
    pod.meta = meta("pod-" + number(9), labels());
    pod.node_name = node_name();
    pod.ips = {pod_addr()};
    pod.ports = {{.name = "web", .port = Port{8080}, .proto = Proto::tcp}};
    if (half()) pod.ports[0].host_port = Port{static_cast<std::uint16_t>(30000 + below(3))};
    if (rarely()) pod.ports[0].host_ip = addr("127.0.0.1");
    if (half()) pod.ready = half();
    pod.terminating = rarely();
    pod.finished = rarely();
    pod.host_network = rarely();
    pod.weight = below(3);
    now_.identities.emplace({"default", pod.meta.labels}, IdentityId{500 + below(100)});
    enter_or_erase(now_.pods, pod);
}

void History::change_endpoint() {
    const auto id = static_cast<std::uint16_t>(below(5));
    if (half())
        now_.endpoints.erase({id});
    else
        add_endpoint(now_, id, labels());
    std::erase_if(now_.up, [&](EndpointId up) { return !now_.endpoints.contains(up); });
}

void History::change_up() {
    for (const auto& [id, endpoint] : now_.endpoints)
        if (half())
            now_.up.insert(id);
        else
            now_.up.erase(id);
}

void History::change_failing() {
    const model::Name pod{"default", "pod-" + number(9)};
    if (now_.failing.erase(pod) == 0) now_.failing.insert(pod);
}

void History::change_node() {
    model::Node node;
    node.meta = {.ns = "", .name = "node-" + number(3), .labels = {}, .origin = {}};
    if (half()) node.meta.labels["topology.kubernetes.io/zone"] = "zone-" + number(2);
    node.terminating = rarely();
    node.addresses = {addr("203.0.113." + number(4))};
    node.pod_cidrs = {parse_prefix("10." + number(4) + ".0.0/16").value()};
    enter_or_erase(now_.nodes, node);
}

void History::change_policy() {
    model::NetworkPolicy policy;
    policy.meta = meta("policy-" + number(3));
    policy.pods.match_labels = {{"tier", number(2)}};
    policy.isolates_ingress = true;
    model::PolicyPeer peer;
    peer.pods = model::Selector{{{"app", service_name()}}, {}};
    policy.ingress = {{.peers = {peer}, .ports = {}, .nothing = false}};
    enter_or_erase(now_.policies, policy);
}

void History::change_config() {
    if (!rarely()) return;
    now_.node.name = "node-" + number(3);
    now_.node.algorithm = one_of({model::Algorithm::random, model::Algorithm::round_robin});
    now_.node.forwarding = one_of({model::Forwarding::dsr, model::Forwarding::snat});
    now_.node.mtu = 1400 + below(100);
    now_.node.unmasked = {parse_prefix("172.16." + number(3) + ".0/24").value()};
}

class CompilerHistory : public testing::TestWithParam<unsigned> {};

TEST_P(CompilerHistory, gives_at_every_step_the_plan_of_one_without_memory) {
    History history(GetParam());
    Compiler compiler;
    std::size_t frontends = 0, unserved = 0, vips = 0;
    for (int i = 0; i < 500; ++i) {
        history.step();
        const plan::Plan plan = compiler.compile(history.now()), fresh = compile(history.now());
        ASSERT_EQ(to_text(plan), to_text(fresh)) << "step " << i;
        ASSERT_EQ(plan, fresh) << "step " << i;
        frontends += plan.frontends.size();
        unserved += plan.unserved.size();
        vips += plan.vips.size();
    }
    // It must have been about something.
    EXPECT_GT(frontends, 2000U);
    EXPECT_GT(unserved, 500U);
    EXPECT_GT(vips, 50U);
}
INSTANTIATE_TEST_SUITE_P(Seeds, CompilerHistory, testing::Range(0U, 6U));

// How many frontends are other ones than before.
std::size_t others(const plan::Plan& before, const plan::Plan& now) {
    std::size_t count = 0;
    each_difference(before.frontends, now.frontends, [&](const auto*, const auto*) { ++count; });
    return count;
}

TEST(Compiler, compiles_only_the_services_that_a_change_concerns) {
    model::Snapshot snapshot;
    snapshot.node.name = "node-1";
    for (int i = 0; i < 100; ++i) {
        const std::string name = fmt::format("s{}", i);
        enter(snapshot.services, service(name, fmt::format("10.96.0.{}", i)));
        enter(snapshot.slices, slice(name, {on("node-2", fmt::format("10.244.0.{}", i))}));
    }
    Compiler compiler;
    plan::Plan before = compiler.compile(snapshot);
    const auto others_now = [&] {
        plan::Plan now = compiler.compile(snapshot);
        return others(std::exchange(before, now), now);
    };
    EXPECT_EQ(others_now(), 0U);
    enter(snapshot.slices, slice("s7", {on("node-2", "10.244.9.9")}));
    EXPECT_EQ(others_now(), 1U);
    enter(snapshot.slices, slice("s8", {on("node-2", "10.244.0.8")}));
    EXPECT_EQ(others_now(), 0U) << "said again";
    enter(snapshot.services, service("s9", "10.96.1.9"));
    EXPECT_EQ(others_now(), 2U) << "one goes, one comes";
    add_endpoint(snapshot, 1, {{"app", "s3"}});
    EXPECT_EQ(others_now(), 0U) << "the slices say who is behind a Service";
}

}  // namespace
}  // namespace beeline::compile
