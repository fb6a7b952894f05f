// A started Kernel: real programs, real containers, real connections.
#include "kernel/kernel.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "ebpf/inspect.h"
#include "ebpf/pin.h"
#include "kernel/doctor.h"
#include "kernel/ebpf_result.h"
#include "kernel/pins.h"
#include "kernel/root_test/sandbox.h"

namespace beeline::kernel::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

class KernelTest : public NodeTest {
protected:
    const Container a{"a"}, b{"b"};
    Options wanted = options();
    std::unique_ptr<Kernel> kernel{};

    void start() {
        kernel.reset();
        kernel = must(Kernel::start(wanted, node()));
    }
    plan::Plan both() const { return plan_of(1, {endpoint(2, a), endpoint(3, b)}); }
    plan::Plan with_service(std::vector<plan::Backend> backends) const {
        plan::Plan plan = both();
        plan.frontends[{addr("10.96.0.1"), Port{80}, Proto::tcp}] = {
            .service = 5, .name = "default/web:http", .backends = std::move(backends), .draining = {}};
        return plan;
    }
    void expect_clean(const plan::Status& status) {
        EXPECT_THAT(status.errors, IsEmpty());
        for (const auto& [id, item] : status.endpoints)
            EXPECT_EQ(item.error, "") << "endpoint " << id.value;
        for (const auto& [key, item] : status.frontends)
            EXPECT_EQ(item.error, "") << to_string(key.addr);
    }
    std::uint64_t dropped(const std::string& reason) {
        std::uint64_t packets = 0;
        for (const auto& counter : must(kernel->counters()))
            if (counter.reason == reason) packets += counter.packets;
        return packets;
    }
};

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
    for (auto& c : must(kernel->counters()))
        std::cout << c.reason << " " << c.hook << " " << c.packets << "\n";
    for (auto& r : must(kernel->map_rows()))
        std::cout << r.map << " " << r.key << " = " << r.value << "\n";
    for (auto& f : must(kernel->flows({})))
        std::cout << to_string(f.saddr) << " " << to_string(f.daddr) << " " << f.sport.value << " " << f.dport.value
                  << " " << f.state << " " << f.deliver << " in " << f.in_if.value << " out " << f.out_if.value
                  << " pk " << f.packets << "\n";
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
    EXPECT_THAT(must(kernel->diff()), SizeIs(4)) << "nothing is wanted yet: two endpoints, two addresses";
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
    const auto flows = must(kernel->flows({}));
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
    closed.endpoints.at(EndpointId{3}).policy.isolated_ingress = true;
    expect_clean(kernel->apply(closed));
    EXPECT_FALSE(connection.says("closed"));
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

TEST_F(KernelTest, hooks_have_the_ids_the_kernel_gave_them_and_an_owner) {
    wanted.cgroup = cgroup();
    start();
    expect_clean(kernel->apply(both()));
    const auto hooks = must(kernel->hooks());
    EXPECT_THAT(hooks, SizeIs(6 + 8));
    EXPECT_THAT(hooks,
                Contains(AllOf(Field(&plan::HookEntry::device, "bl2"), Field(&plan::HookEntry::hook, "tcx/ingress"),
                               Field(&plan::HookEntry::program, "bl_from_container"),
                               Field(&plan::HookEntry::owner, "default/pod-2"))));
    EXPECT_THAT(hooks, Contains(AllOf(Field(&plan::HookEntry::hook, "cgroup/connect4"),
                                      Field(&plan::HookEntry::program, "bl_connect4"))));
    const auto programs = must(result_of(ebpf::list_programs()));
    for (const auto& hook : hooks) {
        EXPECT_NE(hook.link_id, 0u) << hook.device << " " << hook.hook;
        EXPECT_THAT(programs, Contains(AllOf(Field(&ebpf::ProgramInfo::id, hook.program_id),
                                             Field(&ebpf::ProgramInfo::tag, hook.tag))));
    }
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
    EXPECT_TRUE(Kernel::concerns_us(must(kernel->read_link_events())));
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

TEST_F(KernelTest, flows_are_listed_filtered_and_flushed) {
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("fd44::3"), 8080);
    const Connection connection = connect(a, addr("fd44::3"), listener);
    ASSERT_TRUE(connection.says("x"));
    plan::FlowFilter filter;
    filter.port = Port{8080};
    const auto flows = must(kernel->flows(filter));
    ASSERT_THAT(flows, SizeIs(2));
    EXPECT_THAT(flows, Contains(Field(&plan::FlowEntry::reply, true)));
    for (const auto& flow : flows) {
        EXPECT_EQ(flow.state, "established");
        EXPECT_TRUE(flow.current);
        EXPECT_LT(flow.idle, 5) << "the clock of the table is ours";
        EXPECT_GT(flow.expires, 20000);
        EXPECT_NE(flow.out_if.value, 0u);
    }
    filter.family = Family::v4;
    EXPECT_THAT(must(kernel->flows(filter)), IsEmpty());
    EXPECT_EQ(must(kernel->flush_flows({})), 2u);
    EXPECT_THAT(must(kernel->flows({})), IsEmpty());
}

TEST_F(KernelTest, the_collector_walks_both_tables) {
    start();
    kernel->apply(both());
    SweepStep step;
    int steps = 0;
    do
        step = must(kernel->sweep());
    while (!step.finished && ++steps < 100);
    EXPECT_TRUE(step.finished);
    EXPECT_LE(steps, 4);
}

TEST_F(KernelTest, events_tell_of_new_flows) {
    start();
    kernel->apply(both());
    std::size_t events = 0;
    auto ring = must(kernel->events([&events](std::span<const std::byte> record) {
        EXPECT_EQ(record.size(), sizeof(abi::Event));
        events++;
    }));
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    connect(a, addr("10.244.0.3"), listener);
    must(result_of(ring.consume()));
    EXPECT_GT(events, 0u);
}

TEST_F(KernelTest, maps_and_rows_can_be_read_as_text) {
    start();
    kernel->apply(with_service({{addr("10.244.0.3"), Port{8080}, false}}));
    const auto maps = must(kernel->maps());
    EXPECT_THAT(maps, Contains(AllOf(Field(&plan::MapEntry::name, "bl_frontends4"),
                                     Field(&plan::MapEntry::kind, "hash"), Field(&plan::MapEntry::entries, 1u))));
    EXPECT_THAT(maps,
                Contains(AllOf(Field(&plan::MapEntry::name, "bl_flows4"), Field(&plan::MapEntry::max_entries, 4096u))));
    std::vector<std::string> lines;
    for (const auto& row : must(kernel->map_rows()))
        lines.push_back(row.map + " " + row.key + " = " + row.value);
    EXPECT_THAT(lines, IsSupersetOf({"bl_frontends4 10.96.0.1:80/TCP = backends 0+1 service 5 flags 0x0",
                                     "bl_backends4 0 = 10.244.0.3:8080",
                                     "bl_members4 10.96.0.1:80/TCP 10.244.0.3:8080 = active"}));
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

TEST_F(KernelTest, the_doctor_finds_this_machine_fit) {
    for (const auto& check : doctor(wanted))
        EXPECT_TRUE(check.ok || !check.fatal) << check.name << ": " << check.detail;
    EXPECT_THAT(doctor(wanted), Contains(Field(&plan::Check::name, "rp_filter")));
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
    plan.frontends.begin()->second.backends.clear();
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
