// What a started Kernel shows of the kernel.
#include "kernel/kernel.h"

#include <chrono>
#include <thread>

#include "ebpf/inspect.h"
#include "kernel/attach.h"
#include "kernel/doctor.h"
#include "kernel/ebpf_result.h"
#include "kernel/root_test/kernel_fixture.h"

namespace beeline::kernel::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

TEST_F(KernelTest, hooks_have_the_ids_the_kernel_gave_them_and_an_owner) {
    wanted.cgroup = cgroup();
    start();
    expect_clean(kernel->apply(both()));
    const auto hooks = must(kernel->hooks());
    EXPECT_THAT(hooks, SizeIs(6 + std::size(cgroup_places)));
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

TEST_F(KernelTest, flows_are_listed_filtered_and_flushed) {
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("fd44::3"), 8080);
    const Connection connection = connect(a, addr("fd44::3"), listener);
    ASSERT_TRUE(connection.says("x"));
    plan::FlowFilter filter;
    filter.port = Port{8080};
    const auto flows = flows_of(filter);
    ASSERT_THAT(flows, SizeIs(2));
    EXPECT_THAT(flows, Contains(Field(&plan::FlowEntry::reply, true)));
    for (const auto& flow : flows) {
        EXPECT_EQ(flow.state, "established");
        EXPECT_TRUE(flow.current);
        EXPECT_LT(flow.idle, 5) << "the clock of the table is ours";
        EXPECT_GT(flow.expires, 20000);
        EXPECT_NE(flow.out_if.value, 0u);
    }
    filter.addrs = {addr("fd44::2"), addr("10.244.0.2")};
    filter.state = "established";
    EXPECT_THAT(flows_of(filter), SizeIs(2));
    filter.state = "denied";
    EXPECT_THAT(flows_of(filter), IsEmpty());
    EXPECT_EQ(walked(filter, plan::FlowAction::flush).removed, 0u);
    filter = {};
    filter.family = Family::v4;
    EXPECT_THAT(flows_of(filter), IsEmpty());
    EXPECT_EQ(walked({}, plan::FlowAction::flush).removed, 1u) << "both entries are one flow";
    EXPECT_THAT(flows_of(), IsEmpty());
}

TEST_F(KernelTest, flows_of_a_service_are_found_by_what_the_client_asked_for) {
    start();
    kernel->apply(with_service({{addr("10.244.0.3"), Port{8080}, false}}));
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Dialled dialled = dial_from(a, addr("10.96.0.1"), 80);
    ASSERT_EQ(dialled.error, 0);
    plan::FlowFilter filter;
    filter.service.emplace({plan::FrontendKey{addr("10.96.0.1"), Port{80}, Proto::tcp}});
    EXPECT_THAT(flows_of(filter), SizeIs(2));
    filter.service.emplace({plan::FrontendKey{addr("10.96.0.1"), Port{81}, Proto::tcp}});
    EXPECT_THAT(flows_of(filter), IsEmpty());
}

TEST_F(KernelTest, a_walk_that_outlives_the_tables_says_so) {
    start();
    kernel->apply(both());
    const auto walk = must(kernel->walk_flows({}, plan::FlowAction::list));
    plan::Plan other = both();
    other.node.mtu--;
    kernel->apply(other);
    const auto step = walk->step();
    ASSERT_FALSE(step.has_value());
    EXPECT_EQ(step.error().code, Errc::conflict);
}

TEST_F(KernelTest, the_collector_walks_all_tables_in_a_few_steps) {
    start();
    kernel->apply(both());
    int steps = 1;
    while (!must(kernel->sweep()).finished && steps < 100)
        steps++;
    EXPECT_LE(steps, 8);
}

TEST_F(KernelTest, a_connection_that_is_silent_too_long_is_marked_and_then_gone_unless_it_speaks) {
    wanted.timeouts.tcp = 1;
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection quiet = connect(a, addr("10.244.0.3"), listener);
    const Connection busy = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(quiet.says("x"));
    ASSERT_TRUE(busy.says("x"));
    std::this_thread::sleep_for(std::chrono::seconds(2));
    sweep();
    EXPECT_THAT(flows_of(), Each(Field(&plan::FlowEntry::state, "stale")));
    EXPECT_TRUE(busy.says("y")) << "a packet in between";
    sweep();
    EXPECT_THAT(flows_of(), AllOf(SizeIs(2), Each(Field(&plan::FlowEntry::state, "established"))));
    EXPECT_TRUE(busy.says("z"));
}

TEST_F(KernelTest, a_container_with_its_quota_of_flows_is_warned_of_and_its_new_flows_stay_young) {
    wanted.endpoint_quota = 2;
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const auto opened = [&] { return connect(a, addr("10.244.0.3"), listener); };
    const auto one = opened(), two = opened();
    sweep();
    EXPECT_THAT(kernel->status().warnings, IsEmpty());
    const auto three = opened();
    sweep();
    EXPECT_THAT(kernel->status().warnings,
                Contains("default/pod-2 has its quota of 2 IPv4 flows; its new ones may be forgotten"));
    EXPECT_THAT(kernel->flow_pressure().endpoints,
                Contains(AllOf(Field(&plan::EndpointFlows::endpoint, "default/pod-2"),
                               Field(&plan::EndpointFlows::flows, 3u), Field(&plan::EndpointFlows::crowded, true))));
    EXPECT_EQ(dropped("crowded"), 0u);
    const auto four = opened();
    EXPECT_TRUE(four.says("it works all the same"));
    EXPECT_EQ(dropped("crowded"), 1u);
    EXPECT_THAT(flows_of(), Contains(Field(&plan::FlowEntry::young, true)).Times(2));
}

TEST_F(KernelTest, the_fill_of_the_tables_is_told_as_the_last_sweep_found_it) {
    start();
    kernel->apply(both());
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    sweep();
    EXPECT_THAT(kernel->flow_pressure().tables,
                Contains(AllOf(Field(&plan::TableFill::family, Family::v4), Field(&plan::TableFill::young, false),
                               Field(&plan::TableFill::entries, 2u), Field(&plan::TableFill::capacity, 4096u))));
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

TEST_F(KernelTest, the_doctor_finds_this_machine_fit) {
    for (const auto& check : doctor(wanted))
        EXPECT_TRUE(check.ok || !check.fatal) << check.name << ": " << check.detail;
    EXPECT_THAT(doctor(wanted), Contains(Field(&plan::Check::name, "rp_filter")));
}

}  // namespace
}  // namespace beeline::kernel::test
