// The store as a whole: readers beside the writer, and its speed.
#include "store/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "store/fixture.h"

namespace beeline::store {
namespace {

// Two services that always change together: a reader that sees a mixture saw a torn state.
std::vector<model::Object> pair_with(std::uint16_t port) {
    auto a = service("a"), b = service("b");
    a.ports[0].port = b.ports[0].port = Port{port};
    return {a, b};
}

TEST(Store, shows_readers_whole_generations_only) {
    Store store(dual_node());
    apply(store, says("a.yaml", pair_with(1)));
    std::atomic<bool> stop = false;
    std::atomic<int> torn = 0, backward = 0;
    std::vector<std::jthread> readers;
    for (int r = 0; r < 2; ++r)
        readers.emplace_back([&] {
            std::uint64_t last = 0;
            while (!stop) {
                const auto snapshot = store.current();
                const auto port = [&](const char* name) {
                    return snapshot->services.at({"default", name})->ports[0].port;
                };
                torn += port("a") != port("b");
                backward += snapshot->generation.value < last;
                last = snapshot->generation.value;
            }
        });
    for (std::uint16_t i = 2; i < 500; ++i)
        apply(store, says("a.yaml", pair_with(i)));
    stop = true;
    readers.clear();
    EXPECT_EQ(torn, 0);
    EXPECT_EQ(backward, 0);
}

TEST(Store, keeps_old_generations_valid_for_who_holds_them) {
    model::SnapshotPtr held;
    {
        Store store(dual_node());
        apply(store, says("a.yaml", pair_with(7)));
        held = store.current();
        apply(store, gone("a.yaml"));
        EXPECT_TRUE(store.current()->services.empty());
    }
    EXPECT_EQ(held->services.at({"default", "a"})->ports[0].port.value, 7);
}

TEST(Store, starts_with_the_node_alone) {
    Store store(dual_node());
    EXPECT_EQ(store.current()->generation.value, 1U);
    EXPECT_EQ(store.current()->node, dual_node());
}

TEST(Store, takes_new_unmasked_destinations_as_one_generation_and_the_same_as_none) {
    Store store(dual_node());
    const auto before = store.current()->generation;
    store.set_unmasked({prefix("10.0.0.0/8")});
    EXPECT_EQ(store.current()->generation.value, before.value + 1);
    EXPECT_EQ(store.current()->node.unmasked, std::vector{prefix("10.0.0.0/8")});
    store.set_unmasked({prefix("10.0.0.0/8")});
    EXPECT_EQ(store.current()->generation.value, before.value + 1);
}

TEST(Store, takes_the_pods_whose_probes_fail_as_one_generation_and_the_same_as_none) {
    Store store(dual_node());
    const auto before = store.current()->generation;
    const std::set<model::Name> pods{{"default", "a"}, {"default", "b"}};
    store.set_failing(pods);
    EXPECT_EQ(store.current()->generation.value, before.value + 1);
    EXPECT_EQ(store.current()->failing, pods);
    store.set_failing(pods);
    EXPECT_EQ(store.current()->generation.value, before.value + 1);
    store.set_failing({});
    EXPECT_EQ(store.current()->generation.value, before.value + 2);
    EXPECT_TRUE(store.current()->failing.empty());
}

TEST(Store, takes_an_edit_of_one_among_a_thousand_services_in_milliseconds) {
    Store store(dual_node());
    std::vector<FileEdit> edits;
    for (int i = 0; i < 1000; ++i)
        edits.push_back(says(fmt::format("{}.yaml", i), {service(fmt::format("s{}", i))}));
    store.apply(std::move(edits));
    const std::clock_t start = std::clock();  // processor time: the machine may be busy
    for (std::uint16_t i = 0; i < 20; ++i) {
        auto changed = service("s500");
        changed.ports[0].port = Port{static_cast<std::uint16_t>(1000 + i)};
        apply(store, says("500.yaml", {changed}));
    }
    const auto microseconds = (std::clock() - start) * 1'000'000 / CLOCKS_PER_SEC / 20;
    RecordProperty("microseconds", static_cast<int>(microseconds));
    EXPECT_EQ(store.current()->generation.value, 22U);
    // With sanitizers, where it takes about 1 ms; a walk that is quadratic in services takes longer by far.
    EXPECT_LT(microseconds, 50'000);
}

}  // namespace
}  // namespace beeline::store
