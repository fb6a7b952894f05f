// What a started Kernel shows of the kernel.
#include "kernel/kernel.h"

#include "ebpf/inspect.h"
#include "kernel/doctor.h"
#include "kernel/ebpf_result.h"
#include "kernel/root_test/kernel_fixture.h"

namespace beeline::kernel::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

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

TEST_F(KernelTest, the_doctor_finds_this_machine_fit) {
    for (const auto& check : doctor(wanted))
        EXPECT_TRUE(check.ok || !check.fatal) << check.name << ": " << check.detail;
    EXPECT_THAT(doctor(wanted), Contains(Field(&plan::Check::name, "rp_filter")));
}

}  // namespace
}  // namespace beeline::kernel::test
