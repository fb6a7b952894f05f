// A flow table that grows under connections that live.
#include "ebpf/pin.h"
#include "kernel/ebpf_result.h"
#include "kernel/root_test/kernel_fixture.h"

namespace beeline::kernel::test {
namespace {

constexpr std::uint32_t small = 4096, large = 8192;

class GrowthTest : public KernelTest {
protected:
    void start_with(std::uint32_t entries, std::uint32_t limit) {
        wanted.table_sizes["bl_flows4"] = entries;
        wanted.table_limits["bl_flows4"] = limit;
        start();
        expect_clean(kernel->apply(both()));
    }
    std::uint32_t capacity() {
        for (const auto& table : kernel->flow_pressure().tables)
            if (table.family == Family::v4 && !table.young) return static_cast<std::uint32_t>(table.capacity);
        return 0;
    }
    bool moving() { return ebpf::pin_exists(pin_of("bl_former4")); }
    void sweep_until_moved() {
        for (unsigned sweeps = 0; moving() && sweeps < 10; sweeps++)
            sweep();
        EXPECT_FALSE(moving());
    }
    std::size_t current_flows() {
        plan::FlowFilter filter;
        filter.family = Family::v4;
        const auto flows = flows_of(filter);
        return static_cast<std::size_t>(std::ranges::count_if(flows, &plan::FlowEntry::current));
    }
    static std::string pin_of(const std::string& map) {
        return bpffs() + "/v" + std::to_string(abi::layout_version) + "/maps/" + map;
    }
    static ebpf::Map<abi::FlowKey4, abi::Flow4> pinned(const std::string& map) {
        auto raw = must(result_of(ebpf::RawMap::from_pin(pin_of(map))));
        return must(result_of(ebpf::Map<abi::FlowKey4, abi::Flow4>::from_raw(std::move(raw))));
    }
    static std::size_t entries_of(const std::string& map) {
        std::size_t entries = 0;
        EXPECT_TRUE(pinned(map).for_each([&](const auto&, const auto&) { entries++; }));
        return entries;
    }
    // Fills the table as many connections would: entries with no owner.
    void crowd(unsigned entries) {
        const auto table = pinned("bl_flows4");
        for (unsigned i = 0; i < entries; i++) {
            abi::FlowKey4 key{};
            key.saddr.be = 0x01020304;
            key.sport = static_cast<abi::u16>(i);
            key.proto = abi::proto_tcp;
            abi::Flow4 flow{};
            flow.tcp = abi::tcp_ack;
            flow.last = 0;
            flow.stamp = 12345;
            ASSERT_TRUE(table.update(key, flow));
        }
    }
};

TEST_F(GrowthTest, a_restart_with_more_entries_keeps_every_flow) {
    start_with(small, small);
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("small"));
    ASSERT_EQ(current_flows(), 2u);
    start_with(large, large);
    EXPECT_EQ(capacity(), large);
    EXPECT_TRUE(moving());
    EXPECT_EQ(current_flows(), 2u) << "listed from where they are";
    EXPECT_TRUE(connection.says("both"));
    sweep_until_moved();
    EXPECT_EQ(current_flows(), 2u) << "moved, not decided anew";
    EXPECT_TRUE(connection.says("large"));
    EXPECT_EQ(dropped("no_flow"), 0u);
}

TEST_F(GrowthTest, a_map_of_somebody_else_at_a_pin_is_named_and_stays) {
    const ebpf::MapSpec foreign{"x", BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0},
        roomy{"x", BPF_MAP_TYPE_ARRAY, 4, 4, large * 2, 0};
    for (const char* pin : {"bl_flows4", "bl_policy", "bl_former4"})
        for (const auto& spec : {foreign, roomy}) {
            start_with(small, small);
            kernel.reset();
            const auto other = must(result_of(ebpf::RawMap::create(spec)));
            must(result_of(ebpf::replace_pin(other.fd(), pin_of(pin))));
            const auto refused = Kernel::start(wanted, node());
            ASSERT_FALSE(refused) << pin;
            EXPECT_THAT(
                refused.error().what,
                testing::StartsWith(pin_of(pin) + ": map 'x' (array, key 4 bytes, value 4 bytes) is pinned here"));
            must(result_of(ebpf::remove_pin(pin_of(pin))));
        }
}

TEST_F(GrowthTest, a_table_of_another_layout_makes_room_for_a_larger_one) {
    start_with(small, small);
    kernel.reset();
    const auto other = must(result_of(ebpf::RawMap::create({"bl_flows4", BPF_MAP_TYPE_HASH, 4, 4, 1, 0})));
    must(result_of(ebpf::replace_pin(other.fd(), pin_of("bl_flows4"))));
    start_with(large, large);
    EXPECT_EQ(capacity(), large);
    EXPECT_FALSE(moving());
}

TEST_F(GrowthTest, the_next_agent_goes_on_where_one_died) {
    start_with(small, small);
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("small"));
    start_with(large, large);
    ASSERT_TRUE(moving());
    start_with(large * 2, large * 2);
    EXPECT_EQ(capacity(), large) << "one after the other";
    ASSERT_TRUE(moving());
    EXPECT_TRUE(connection.says("both"));
    sweep_until_moved();
    EXPECT_EQ(current_flows(), 2u);
    start_with(large * 2, large * 2);
    EXPECT_EQ(capacity(), large * 2);
    sweep_until_moved();
    EXPECT_TRUE(connection.says("larger"));
}

TEST_F(GrowthTest, the_next_agent_goes_on_with_a_table_that_is_half_moved) {
    constexpr std::uint32_t before = 16384, after = 32768;
    start_with(before, before);
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("small"));
    crowd(9000);
    start_with(after, after);
    for (unsigned step = 0; step < 4; step++)
        must(kernel->sweep());
    const auto moved = entries_of("bl_flows4"), left = entries_of("bl_former4");
    ASSERT_GT(moved, 0u);
    ASSERT_GT(left, 0u);
    ASSERT_LT(moved, 9002u) << "some are not copied yet";
    start_with(after, after);
    EXPECT_TRUE(connection.says("half"));
    sweep_until_moved();
    EXPECT_TRUE(connection.says("large"));
    EXPECT_EQ(current_flows(), 2u);
    EXPECT_GE(entries_of("bl_flows4"), 2u);
}

TEST_F(GrowthTest, fewer_entries_are_asked_for_in_vain) {
    start_with(large, large);
    start_with(small, small);
    EXPECT_EQ(capacity(), large);
    EXPECT_FALSE(moving());
}

TEST_F(GrowthTest, a_table_that_is_three_quarters_full_doubles_up_to_its_limit) {
    start_with(small, large);
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.244.0.3"), listener);
    ASSERT_TRUE(connection.says("small"));
    sweep();
    EXPECT_EQ(capacity(), small);
    crowd(3500);
    const auto hooks = must(kernel->hooks());
    sweep();
    EXPECT_EQ(capacity(), large);
    ASSERT_EQ(must(kernel->hooks()).size(), hooks.size()) << "the programs are replaced, none is missing";
    EXPECT_TRUE(connection.says("both"));
    sweep_until_moved();
    EXPECT_TRUE(connection.says("large"));
    EXPECT_EQ(current_flows(), 2u);
    crowd(7000);
    sweep();
    sweep();
    EXPECT_EQ(capacity(), large) << "that was the limit";
    EXPECT_THAT(kernel->status().errors, testing::IsEmpty());
}

}  // namespace
}  // namespace beeline::kernel::test
