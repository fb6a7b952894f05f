// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The hashes both sides compute, and what flows and rows are stamped with.
#include "abi/epoch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "abi/endpoint.h"
#include "abi/flow.h"
#include "abi/policy.h"
#include "abi/row.h"
#include "abi/service.h"

namespace beeline::abi {
namespace {

TEST(Hash, every_bit_of_a_key_counts) {
    const FlowKey6 key{{{1, 2, 3, 4}}, {{5, 6, 7, 8}}, 9, 10, 6, 0, 0};
    const u32 h = mix(key);
    for (std::size_t bit = 0; bit < sizeof key * 8; bit++) {
        FlowKey6 other = key;
        reinterpret_cast<u8*>(&other)[bit / 8] ^= static_cast<u8>(1U << bit % 8);
        EXPECT_NE(mix(other), h) << "bit " << bit;
    }
}

TEST(Hash, values_are_part_of_the_layout_and_stay) {
    EXPECT_EQ(mix(Addr4{0x0200000a}), mix(Addr4{0x0200000a}));
    EXPECT_NE(mix(Addr4{0}), mix(Addr6{})) << "the length is hashed";
    EXPECT_NE(slot_addr(Addr4{0x0200000a}), slot_addr(Addr4{0x0300000a}));
}

TEST(Slots, an_address_or_frontend_never_meets_the_reserved_ones) {
    for (u32 i = 0; i < 200000; i++) {
        EXPECT_GE(slot_addr(Addr4{i}), slot_hashed_first);
        EXPECT_LT(slot_addr(Addr4{i}), epoch_slots);
        EXPECT_GE(slot_frontend(FrontendKey4{{i}, 80, 6, 0}), slot_hashed_first);
        EXPECT_LT(slot_frontend(FrontendKey4{{i}, 80, 6, 0}), epoch_slots);
    }
}

TEST(Slots, hops_have_their_own) {
    std::set<u16> seen;
    for (u32 hop = 0; hop < slot_hop_count; hop++)
        seen.insert(slot_hop(hop));
    EXPECT_EQ(seen.size(), slot_hop_count);
    EXPECT_EQ(*seen.begin(), slot_hop_first);
    EXPECT_LT(*seen.rbegin(), slot_hashed_first);
    EXPECT_EQ(slot_hop(hop_rows - 1), slot_hop((hop_rows - 1) % slot_hop_count));
}

// Addresses of one pod range, as they are handed out: 64 slots a cell on average would be 65536 / 8192 = 8.
TEST(Slots, neighbouring_addresses_spread) {
    std::vector<int> cells(epoch_slots);
    for (u32 i = 0; i < 65536; i++)
        cells[slot_addr(Addr4{__builtin_bswap32(0x0a000000 + i)})]++;
    int most = 0, empty = 0;
    for (u32 slot = slot_hashed_first; slot < epoch_slots; slot++) {
        most = std::max(most, cells[slot]);
        empty += cells[slot] == 0;
    }
    EXPECT_LT(most, 40);
    EXPECT_LT(empty, 100);
}

TEST(Stamp, is_never_one_of_the_two_that_mean_something_else) {
    EXPECT_EQ(make_stamp(0, 0), 2U);
    EXPECT_EQ(make_stamp(0, 1), 2U);
    EXPECT_EQ(make_stamp(0xffffffff, 1), 2U);
    EXPECT_EQ(make_stamp(0xffffffff, 2), 2U);
    EXPECT_EQ(make_stamp(0, 2), 2U);
    EXPECT_EQ(make_stamp(100, 5), 105U);
}

TEST(Stamp, a_counter_that_grows_changes_it) {
    for (u32 sum = 1; sum < 100000; sum++)
        EXPECT_NE(make_stamp(12345, sum), make_stamp(12345, sum + 1));
}

TEST(Stamp, is_of_the_key_and_of_the_decision) {
    const FlowKey6 key{
        .saddr = {{1, 2, 3, 4}}, .daddr = {{5, 6, 7, 8}}, .sport = 9, .dport = 10, .proto = 6, .zone = 0, .pad = 0};
    const Flow6 flow{};
    const u32 stamp = flow_stamp(key, flow, 7);
    FlowKey6 another = key;
    another.dport++;
    EXPECT_NE(stamp, flow_stamp(another, flow, 7));
    for (unsigned at = __builtin_offsetof(Flow6, in_if); at < __builtin_offsetof(Flow6, flags); at++) {
        Flow6 other = flow;
        reinterpret_cast<u8*>(&other)[at] ^= 1;
        EXPECT_NE(stamp, flow_stamp(key, other, 7)) << at;
    }
    Flow6 lived = flow;  // what packets change
    lived.packets = lived.last = 5, lived.bytes = 99, lived.tcp = tcp_ack, lived.flags = flow_closed;
    EXPECT_EQ(stamp, flow_stamp(key, lived, 7));
}

TEST(Guard, fits_one_key_and_one_content) {
    const Addr4 key{7};
    const Endpoint row =
        sealed(key, Endpoint{.check = 99, .ifindex = 3, .policy = 1, .identity = 300, .hop = 2, .mac = {}, .id = 9});
    EXPECT_EQ(row.check, row_check(key, row));
    EXPECT_NE(row.check, row_check(Addr4{8}, row));
    for (unsigned at = sizeof row.check; at < sizeof row; at++) {
        Endpoint other = row;
        reinterpret_cast<u8*>(&other)[at] ^= 1;
        EXPECT_NE(row.check, row_check(key, other)) << at;
    }
}

TEST(Guard, a_row_of_zeros_is_nobodys) {
    for (u32 i = 0; i < 1000000; i++)
        ASSERT_NE(row_check(Addr4{i}, IdentityRow{}), 0U);
}

TEST(PolicyWord, says_what_was_put_in) {
    const u64 word = policy_word(0x12345678, true, false, shape_peer_port | shape_any_all, shape_any_port);
    EXPECT_EQ(policy_set_of(word), 0x12345678U);
    EXPECT_TRUE(policy_isolates(word, ingress));
    EXPECT_FALSE(policy_isolates(word, egress));
    EXPECT_EQ(policy_shapes(word, ingress), static_cast<u32>(shape_peer_port | shape_any_all));
    EXPECT_EQ(policy_shapes(word, egress), static_cast<u32>(shape_any_port));
    EXPECT_NE(policy_word(0, false, false, 0, 0), 0U) << "0 means: no policy yet";
}

TEST(Flow, the_other_key_of_a_pair_is_an_involution_without_translation) {
    const FlowKey4 key{{1}, {2}, 3, 4, 6, 0, 0};
    Flow4 flow{};
    flow.saddr = key.saddr, flow.daddr = key.daddr, flow.sport = key.sport, flow.dport = key.dport;
    const FlowKey4 reply = reply_key(key, flow);
    EXPECT_EQ(reply.saddr.be, 2U);
    EXPECT_EQ(reply.daddr.be, 1U);
    EXPECT_EQ(reply.sport, 4);
    EXPECT_EQ(reply.dport, 3);
    EXPECT_EQ(reply.proto, 6);
}

}  // namespace
}  // namespace beeline::abi
