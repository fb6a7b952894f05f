// A started Kernel: real programs, real containers, real connections.
#include "kernel/kernel.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include "ebpf/pin.h"
#include "kernel/netns.h"
#include "kernel/pins.h"
#include "kernel/root_test/kernel_fixture.h"

namespace beeline::kernel::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(KernelTest, containers_talk_over_both_families_as_soon_as_apply_returns) {
    start();
    const auto status = kernel->apply(both());
    expect_clean(status);
    EXPECT_EQ(status.up, (std::set{EndpointId{2}, EndpointId{3}}));
    for (const char* to : {"10.244.0.3", "fd44::3"}) {
        const Listener listener = listen_in(b, addr(to), 8080);
        EXPECT_TRUE(connect(a, addr(to), listener).says("hello")) << to;
    }
}

TEST_F(KernelTest, the_host_reaches_its_containers_and_they_reach_it) {
    start();
    expect_clean(kernel->apply(both()));
    for (const char* to : {"10.244.0.3", "fd44::3"}) {
        const Listener listener = listen_in(b, addr(to), 8080);
        EXPECT_EQ(dial(addr(to), 8080).error, 0) << to;
    }
    EXPECT_EQ(dial_from(a, addr("10.244.0.1"), 9).error, ECONNREFUSED);
}

TEST_F(KernelTest, containers_reach_the_host_under_strict_reverse_path_filtering) {
    must(set_sysctl("net/ipv4/conf/all/rp_filter", "1"));
    start();
    expect_clean(kernel->apply(both()));
    EXPECT_EQ(dial_from(a, addr("10.244.0.1"), 9).error, ECONNREFUSED);
    must(set_sysctl("net/ipv4/conf/all/rp_filter", "0"));
}

TEST_F(KernelTest, a_new_agent_takes_over_and_a_connection_goes_on) {
    start();
    expect_clean(kernel->apply(both()));
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("before"));
    const auto hooks = must(kernel->hooks());
    kernel.reset();
    EXPECT_TRUE(connection.says("without an agent"));
    start();
    EXPECT_TRUE(connection.says("new programs")) << "the links had no moment without one";
    EXPECT_THAT(must(kernel->diff()), SizeIs(4)) << "nothing is wanted yet: two endpoints, two families";
    expect_clean(kernel->apply(both()));
    EXPECT_TRUE(connection.says("adopted"));
    const auto now = must(kernel->hooks());
    ASSERT_EQ(now.size(), hooks.size());
    for (std::size_t i = 0; i < now.size(); i++) {
        EXPECT_EQ(now[i].link_id, hooks[i].link_id);
        EXPECT_NE(now[i].program_id, hooks[i].program_id);
        EXPECT_EQ(now[i].tag, hooks[i].tag);
    }
}

TEST_F(KernelTest, a_restart_with_the_same_plan_makes_no_flow_stale) {
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("x"));
    start();
    kernel->apply(both());
    const auto flows = flows_of();
    EXPECT_THAT(flows, SizeIs(2));
    for (const auto& flow : flows)
        EXPECT_TRUE(flow.current) << flow.state;
}

TEST_F(KernelTest, a_service_is_reached_by_its_address_and_refuses_without_backends) {
    start();
    const plan::Backend backend{addr("10.244.0.3"), Port{8080}, false};
    expect_clean(kernel->apply(with_service({backend})));
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    EXPECT_EQ(dial_from(a, addr("10.96.0.1"), 80).error, 0);
    expect_clean(kernel->apply(with_service({})));
    EXPECT_EQ(dial_from(a, addr("10.96.0.1"), 80).error, ECONNREFUSED);
    EXPECT_GT(dropped("no_backend"), 0u);
    expect_clean(kernel->apply(with_service({backend})));
    EXPECT_EQ(dial_from(a, addr("10.96.0.1"), 80).error, 0);
}

TEST_F(KernelTest, a_policy_stops_a_live_connection_and_lets_it_go_on_again) {
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("open"));
    plan::Plan closed = both();
    closed.endpoints[EndpointId{3}].policy.isolated_ingress = true;
    expect_clean(kernel->apply(closed));
    EXPECT_FALSE(connection.says("closed", std::chrono::milliseconds(500)));
    EXPECT_GT(dropped("policy_denied_ingress"), 0u);
    expect_clean(kernel->apply(both()));
    EXPECT_EQ(dial_from(a, addr("10.244.0.3"), 8080).error, 0);
}

TEST_F(KernelTest, works_with_clsact_filters_and_moves_to_links_without_leaving_any) {
    wanted.attach = Attach::clsact;
    start();
    expect_clean(kernel->apply(both()));
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    EXPECT_TRUE(connection.says("filters"));
    for (const auto& hook : must(kernel->hooks()))
        EXPECT_THAT(hook.hook, testing::StartsWith("clsact/"));
    start();
    kernel->apply(both());
    EXPECT_TRUE(connection.says("replaced"));
    wanted.attach = Attach::tcx;
    start();
    kernel->apply(both());
    EXPECT_TRUE(connection.says("links"));
    for (const auto& hook : must(kernel->hooks()))
        EXPECT_THAT(hook.hook, testing::StartsWith("tcx/"));
    EXPECT_THAT(must(kernel->hooks()), SizeIs(6));
}

TEST_F(KernelTest, socket_hooks_go_when_no_cgroup_is_configured_any_more) {
    wanted.cgroup = cgroup();
    start();
    kernel->apply(both());
    wanted.cgroup.clear();
    start();
    kernel->apply(both());
    const auto links = must(Pins(bpffs()).links());
    EXPECT_THAT(links, SizeIs(6));
    for (const auto& link : links)
        EXPECT_THAT(link, testing::Not(HasSubstr("cgroup")));
}

TEST_F(KernelTest, removing_an_endpoint_takes_its_device_links_and_rows) {
    start();
    kernel->apply(both());
    expect_clean(kernel->apply(plan_of(2, {endpoint(3, b)})));
    EXPECT_FALSE(must(netlink.link("bl2")));
    EXPECT_THAT(must(Pins(bpffs()).links()), SizeIs(4));
    EXPECT_THAT(must(kernel->diff()), IsEmpty());
    for (const auto& row : must(kernel->map_rows()))
        EXPECT_THAT(row.value, testing::Not(HasSubstr("endpoint 2 ")));
    expect_clean(kernel->apply(both()));
    const Listener listener = listen_in(b, addr("fd44::3"), 8080);
    EXPECT_TRUE(connect(a, addr("fd44::3"), listener).says("back"));
}

TEST_F(KernelTest, a_namespace_that_vanishes_is_lost_and_cleaned_up) {
    start();
    auto doomed = std::make_unique<Container>("doomed");
    const plan::Plan plan = plan_of(1, {endpoint(3, b), endpoint(4, *doomed)});
    kernel->apply(plan);
    must(kernel->read_link_events());
    doomed.reset();
    for (int i = 0; i < 200 && must(netlink.link("bl4")); i++)  // the kernel takes namespaces apart in its own time
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(Kernel::concerns_us(must(kernel->read_link_events()).links));
    const auto status = kernel->resync();
    EXPECT_EQ(status.lost, (std::set{EndpointId{4}}));
    EXPECT_EQ(status.up, (std::set{EndpointId{3}}));
    EXPECT_THAT(must(Pins(bpffs()).links()), SizeIs(4));
}

TEST_F(KernelTest, resync_makes_again_what_somebody_deleted) {
    start();
    kernel->apply(both());
    must(netlink.remove_link(*must(netlink.link("bl2"))));
    must(netlink.remove_link(*must(netlink.link("beeline_host"))));
    const auto status = kernel->resync();
    expect_clean(status);
    EXPECT_EQ(status.up.size(), 2u);
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    EXPECT_TRUE(connect(a, addr("10.244.0.3"), listener).says("again"));
    EXPECT_EQ(dial(addr("10.244.0.3"), 8080).error, 0);
}

TEST_F(KernelTest, a_new_node_configuration_takes_effect_in_place) {
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    plan::Plan changed = both();
    changed.node.service_cidrs = {parse_prefix("10.97.0.0/16").value()};
    const auto status = kernel->apply(changed);
    expect_clean(status);
    EXPECT_TRUE(connection.says("still here"));
    EXPECT_EQ(status.up.size(), 2u);
}

TEST_F(KernelTest, a_broken_cgroup_path_is_an_error_of_the_node_and_nothing_else) {
    wanted.cgroup = "/proc";
    start();
    const auto status = kernel->apply(both());
    EXPECT_THAT(status.errors, testing::ElementsAre(HasSubstr("socket hooks")));
    EXPECT_EQ(status.up.size(), 2u);
}

TEST_F(KernelTest, uninstall_leaves_nothing) {
    wanted.cgroup = cgroup();
    start();
    kernel->apply(both());
    must(kernel->remove_all());
    kernel.reset();
    EXPECT_EQ(must(netlink.links()).size(), 1u);
    EXPECT_FALSE(ebpf::pin_exists(Pins(bpffs()).map("bl_flows4")));
    a.run([] { EXPECT_EQ(must(must(Netlink::open()).links()).size(), 1u); });
}

TEST_F(KernelTest, one_change_is_in_the_kernel_within_the_budget) {
    start();
    plan::Plan plan = both();
    for (unsigned i = 1; i <= 1000; i++)
        plan.frontends[{addr("10.96." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 2)), Port{80},
                        Proto::tcp}] = {.service = i,
                                        .name = "default/s:http",
                                        .backends = {{addr("10.244.0.3"), Port{8080}, false}},
                                        .draining = {}};
    using clock = std::chrono::steady_clock;
    auto begin = clock::now();
    expect_clean(kernel->apply(plan));
    const auto all = clock::now() - begin;
    plan.frontends[plan::FrontendKey(plan.frontends.begin()->first)].backends.clear();
    begin = clock::now();
    expect_clean(kernel->apply(plan));
    const auto one = clock::now() - begin;
    auto ms = [](auto duration) { return std::chrono::duration<double, std::milli>(duration).count(); };
    RecordProperty("thousand_services_ms", std::to_string(ms(all)));
    RecordProperty("one_change_ms", std::to_string(ms(one)));
    std::cout << "1,000 services " << ms(all) << " ms, one change " << ms(one) << " ms\n";
    EXPECT_LT(ms(all), 3000);
    EXPECT_LT(ms(one), 500) << "generous: this build has sanitizers";
}

}  // namespace
}  // namespace beeline::kernel::test
