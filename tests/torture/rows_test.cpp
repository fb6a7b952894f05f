// A writer and a reader on two CPUs, one row a map: no packet acts on another key's row or on half of one.
#include "tests/torture/rows.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "abi/row.h"
#include "ebpf/object.h"
#include "tests/torture/cpu.h"

namespace beeline::torture {
namespace {

using namespace std::chrono_literals;

// How long each row of the table is tortured. TORTURE_SECONDS=3600 for a night.
std::chrono::milliseconds span() {
    const char* text = std::getenv("TORTURE_SECONDS");
    return text ? std::chrono::seconds(std::atoi(text)) : 1500ms;
}

template <class K, class V>
V row_of(const K& key, abi::u32 word) {
    std::array<abi::u32, sizeof(V) / 4> words;
    words.fill(word);
    V row;
    std::memcpy(&row, words.data(), sizeof row);
    if constexpr (abi::Guarded<V>)
        row = abi::sealed(key, row);
    else
        row.stamp = abi::flow_stamp(key, row, 0);  // all counters are 0
    return row;
}

class Rows : public ::testing::Test {
protected:
    void SetUp() override {
        auto opened = ebpf::Object::open(std::string(TORTURE_OBJECT));
        ASSERT_TRUE(opened) << opened.error().what;
        object_ = std::make_unique<ebpf::Object>(std::move(*opened));
        auto loaded = object_->load();
        ASSERT_TRUE(loaded) << loaded.error().what;
    }

    template <class K, class V>
    void torture(const char* reader, const char* map_name) {
        auto map = object_->map<K, V>(map_name);
        ASSERT_TRUE(map) << map.error().what;
        auto program = object_->program(reader);
        ASSERT_TRUE(program) << program.error().what;
        std::atomic<bool> stop = false;
        abi::u64 writes = 0;
        std::thread writer([&] {
            pin_to(0);
            std::mt19937 random(1);
            while (!stop) {
                abi::u32 index = random() % keys;
                K key = key_of<K>(index);
                abi::u32 word = static_cast<abi::u32>(random() / keys * keys) + index;
                if (random() % 3 == 0)
                    (void)map->remove(key);
                else
                    (void)map->update(key, row_of<K, V>(key, word));
                writes++;
            }
        });
        std::thread hammer([&] {
            pin_to(1);
            std::array<std::byte, 64> packet{};
            while (!stop)
                ASSERT_TRUE(program->test_run({.data_in = packet, .repeat = 5000}));
        });
        std::this_thread::sleep_for(span());
        stop = true;
        writer.join();
        hammer.join();
        check(map_name, writes);
    }
    // The same with a reader held up amid its copy: the guards must have work, and do it.
    template <class K, class V>
    void torture_slowly(const char* reader, const char* map_name) {
        torture<K, V>(reader, map_name);
        EXPECT_GT(tally().saved, 0u) << "no element was recycled under the reader: this test shows nothing";
    }

    Tally tally() const {
        auto section = object_->map<abi::u32, Tally>(".data.tally");
        EXPECT_TRUE(section) << section.error().what;
        auto read = section->lookup(0);
        EXPECT_TRUE(read && *read);
        return **read;
    }

    void check(const char* name, abi::u64 writes) {
        const Tally t = tally();
        std::printf("%-16s %9llu writes %10llu hits %10llu misses %8llu told unstable, %llu of them wrong\n", name,
                    writes, t.hits, t.misses, t.unstable, t.saved);
        EXPECT_GT(writes, 1000u);
        EXPECT_GT(t.hits, 1000u);
        EXPECT_EQ(t.torn, 0u);
        EXPECT_EQ(t.foreign, 0u);
    }

    std::unique_ptr<ebpf::Object> object_;
};

#define ROW(test, reader, K, V, map)            \
    TEST_F(Rows, test) {                        \
        torture<abi::K, abi::V>(#reader, #map); \
    }
ROW(frontends_v4, frontends4, FrontendKey4, Frontend, bl_frontends4)
ROW(frontends_v6, frontends6, FrontendKey6, Frontend, bl_frontends6)
ROW(members_v4, members4, MemberKey4, Member, bl_members4)
ROW(members_v6, members6, MemberKey6, Member, bl_members6)
ROW(endpoints_v4, endpoints4, Addr4, Endpoint, bl_endpoints4)
ROW(endpoints_v6, endpoints6, Addr6, Endpoint, bl_endpoints6)
ROW(identities_v4, identities4, Addr4, IdentityRow, bl_identities4)
ROW(identities_v6, identities6, Addr6, IdentityRow, bl_identities6)
ROW(policy, policy, PolicyKey, PolicyRow, bl_policy)
ROW(origins_v4, origins4, OriginKey4, Origin4, bl_origins4)
ROW(origins_v6, origins6, OriginKey6, Origin6, bl_origins6)
ROW(nexthops, nexthops, NexthopKey, Nexthop, bl_nexthops)
ROW(fragments_v4, fragments4, FragmentKey4, Fragment, bl_fragments4)
ROW(fragments_v6, fragments6, FragmentKey6, Fragment, bl_fragments6)
ROW(flows_v4, flows4, FlowKey4, Flow4, bl_flows4)
ROW(flows_v6, flows6, FlowKey6, Flow6, bl_flows6)
ROW(young_v4, young4, FlowKey4, Flow4, bl_young4)
ROW(young_v6, young6, FlowKey6, Flow6, bl_young6)

TEST_F(Rows, endpoints_read_slowly) {
    torture_slowly<abi::Addr4, abi::Endpoint>("slow_endpoints4", "bl_endpoints4");
}
TEST_F(Rows, policy_read_slowly) {
    torture_slowly<abi::PolicyKey, abi::PolicyRow>("slow_policy", "bl_policy");
}
TEST_F(Rows, origins_read_slowly) {
    torture_slowly<abi::OriginKey6, abi::Origin6>("slow_origins6", "bl_origins6");
}

}  // namespace
}  // namespace beeline::torture
