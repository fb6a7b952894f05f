// Maps of the agent's rows that grow under rows and connections that live.
#include <sys/resource.h>

#include "ebpf/pin.h"
#include "kernel/ebpf_result.h"
#include "kernel/root_test/kernel_fixture.h"

namespace beeline::kernel::test {
namespace {

// Nothing can be opened or loaded as long as it lives.
class NoMoreFiles {
public:
    NoMoreFiles() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{1, before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }
    NoMoreFiles(const NoMoreFiles&) = delete;
    NoMoreFiles& operator=(const NoMoreFiles&) = delete;

private:
    rlimit before_{};
};

class MapGrowthTest : public KernelTest {
protected:
    void SetUp() override {
        for (const char* map : {"bl_frontends4", "bl_backends4", "bl_members4"})
            wanted.table_sizes[map] = 16;
        start();
    }
    // A Service before the container b, and others behind which there is nobody.
    plan::Plan with_others(unsigned services, unsigned endpoints) const {
        plan::Plan plan = both();
        plan.frontends[{addr("10.96.0.1"), Port{8080}, Proto::tcp}] = {
            .service = 5, .name = "default/web:http", .backends = {{addr("10.244.0.3"), Port{8080}}}, .draining = {}};
        for (unsigned service = 0; service < services; service++) {
            plan::Frontend other{.service = 100 + service, .name = "default/other", .backends = {}, .draining = {}};
            for (unsigned i = 0; i < (service < 3 ? 2 : endpoints); i++)
                other.backends.push_back(
                    {addr("10.9." + std::to_string(i / 250) + "." + std::to_string(i % 250)), Port{80}});
            plan.frontends[{addr("10.97.0." + std::to_string(service)), Port{80}, Proto::tcp}] = other;
        }
        return plan;
    }
    std::uint32_t size(const std::string& map) {
        for (const auto& entry : must(kernel->maps()))
            if (entry.name == map) return entry.max_entries;
        return 0;
    }
    std::set<std::string> rows() {
        std::set<std::string> all;
        for (const auto& row : must(kernel->map_rows()))
            all.insert(row.map + " " + row.key + " " + row.value);
        return all;
    }
    std::map<std::string, std::uint32_t> programs() {
        std::map<std::string, std::uint32_t> ids;
        for (const auto& hook : must(kernel->hooks()))
            ids[hook.device + " " + hook.hook] = hook.program_id;
        return ids;
    }
    static std::uint32_t id_of(const std::string& map) {
        const auto pin = bpffs() + "/v" + std::to_string(abi::layout_version) + "/maps/" + map;
        return must(result_of(ebpf::RawMap::from_pin(pin))).info().id;
    }
};

TEST_F(MapGrowthTest, rows_and_connections_live_on_in_larger_maps_under_new_programs) {
    expect_clean(kernel->apply(with_others(3, 2)));
    ASSERT_EQ(size("bl_backends4"), 16u);
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.96.0.1"), listener);
    ASSERT_TRUE(connection.says("small"));
    const auto rows_before = rows();
    const auto programs_before = programs();
    expect_clean(kernel->apply(with_others(40, 20)));
    EXPECT_EQ(size("bl_frontends4"), 128u);
    EXPECT_EQ(size("bl_backends4"), 2048u);
    EXPECT_EQ(size("bl_loads4"), size("bl_backends4")) << "one for each backend";
    EXPECT_EQ(size("bl_members4"), 2048u);
    EXPECT_EQ(kernel->growth_news(),
              "bl_backends4 grows to 2048 entries, bl_frontends4 grows to 128 entries, "
              "bl_members4 grows to 2048 entries");
    const auto rows_now = rows();
    const auto programs_now = programs();
    ASSERT_EQ(programs_now.size(), programs_before.size());
    for (const auto& [hook, id] : programs_before)
        EXPECT_NE(programs_now.at(hook), id) << hook;
    EXPECT_TRUE(connection.says("large"));
    EXPECT_TRUE(connect(a, addr("10.96.0.1"), listener).says("new"));
    EXPECT_EQ(dropped("no_flow"), 0u);
    for (const auto& row : rows_before)
        EXPECT_TRUE(rows_now.contains(row)) << row;
}

TEST_F(MapGrowthTest, a_restart_keeps_the_larger_maps_and_their_rows) {
    expect_clean(kernel->apply(with_others(40, 20)));
    const auto rows_before = rows();
    const auto map = id_of("bl_backends4");
    start();
    EXPECT_EQ(id_of("bl_backends4"), map);
    EXPECT_EQ(rows(), rows_before);
    expect_clean(kernel->apply(with_others(40, 20)));
    EXPECT_EQ(id_of("bl_backends4"), map) << "there is room";
    EXPECT_EQ(kernel->growth_news(), "");
}

TEST_F(MapGrowthTest, a_row_for_each_backend_also_after_an_agent_that_died_in_between) {
    expect_clean(kernel->apply(with_others(40, 20)));
    const auto pin = bpffs() + "/v" + std::to_string(abi::layout_version) + "/maps/bl_loads4";
    kernel.reset();
    const auto small = must(result_of(ebpf::RawMap::create(
        {.name = "bl_loads4", .type = BPF_MAP_TYPE_ARRAY, .max_entries = 16, .flags = BPF_F_MMAPABLE})));
    ASSERT_TRUE(result_of(ebpf::replace_pin(small.fd(), pin)));
    start();
    EXPECT_EQ(size("bl_loads4"), size("bl_backends4"));
}

TEST_F(MapGrowthTest, a_failure_to_grow_leaves_everything_in_force_and_is_told) {
    expect_clean(kernel->apply(with_others(3, 2)));
    const Listener listener = listen_in(b, addr("10.244.0.3"), 8080);
    const Connection connection = connect(a, addr("10.96.0.1"), listener);
    const auto rows_before = rows();
    const auto programs_before = programs();
    plan::Plan more = with_others(40, 20);
    more.generation = Generation{2};
    const auto failed = [&] {
        const NoMoreFiles limit;
        return kernel->apply(more);
    }();
    EXPECT_EQ(failed.in_force, Generation{1});
    EXPECT_THAT(failed.errors, testing::Contains(testing::HasSubstr("nothing new comes into force")));
    EXPECT_THAT(failed.warnings, testing::Contains(testing::HasSubstr("a table cannot grow")));
    EXPECT_EQ(rows(), rows_before);
    EXPECT_EQ(programs(), programs_before);
    EXPECT_TRUE(connection.says("on"));
    const auto refused = kernel->apply(more);  // it is too early to try again
    const auto names_map = [](const auto& item) { return item.second.error.starts_with("bl_"); };
    EXPECT_TRUE(std::ranges::any_of(refused.frontends, names_map));
    EXPECT_TRUE(connection.says("and on"));
    start();
    expect_clean(kernel->apply(more));
    EXPECT_TRUE(connection.says("at last"));
}

// Half of these backends serve clients inside and half outside, which is not told by their number.
TEST_F(MapGrowthTest, a_map_that_the_plan_does_not_foretell_grows_when_it_is_full) {
    plan::Plan plan = both();
    for (unsigned service = 0; service < 3; service++) {
        plan::Frontend two{.service = 100 + service, .name = "default/two", .backends = {}, .draining = {}};
        two.outside.emplace();
        for (unsigned i = 0; i < 4; i++) {
            two.backends.push_back({addr("10.9.0." + std::to_string(i)), Port{80}});
            two.outside->push_back({addr("10.9.1." + std::to_string(i)), Port{80}});
        }
        plan.frontends[{addr("10.97.0." + std::to_string(service)), Port{80}, Proto::tcp}] = two;
    }
    expect_clean(kernel->apply(plan));
    EXPECT_EQ(kernel->status().in_force, plan.generation);
    EXPECT_GE(size("bl_backends4"), 32u);
    EXPECT_NE(kernel->growth_news(), "");
    EXPECT_THAT(must(kernel->diff()), testing::IsEmpty());
}

}  // namespace
}  // namespace beeline::kernel::test
