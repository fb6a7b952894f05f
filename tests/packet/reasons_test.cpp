// The reasons that need a datapath out of order, and the proof that every reason is reached.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;

PACKET_ROWS(out_of_order, {
                              {"a container's hop row that does not exist",
                               {change([](Lab& lab) {
                                    Node lost = web;
                                    lost.hop = abi::hop_rows + 7;
                                    lab.endpoint(lost);
                                }),
                                sends(client, udp(client, web, 1, 2)).dropped(Reason::no_route)}},
                              {"a row that never holds still",
                               {change([](Lab& lab) { lab.spoil_endpoint(web); }),
                                sends(client, udp(client, web, 1, 2)).dropped(Reason::row_unstable),
                                sends(web, udp(web, client, 1, 2)).dropped(Reason::row_unstable)}},
                              {"it holds again",
                               {change([](Lab& lab) { lab.spoil_endpoint(web), lab.endpoint(web); }),
                                sends(client, udp(client, web, 1, 2)).to(web, udp(client, web, 1, 2).ttl(63)).news()}},
                          });

class NotReady : public testing::TestWithParam<Family> {};
TEST_P(NotReady, nothing_passes_before_there_is_a_configuration) {
    Variant variant;
    variant.family = GetParam();
    variant.ready = false;
    run_rows(variant, {
                          {"a container's packet", {sends(client, udp(client, web, 1, 2)).dropped(Reason::no_config)}},
                          {"the host's", {host_sends(udp(host, web, 1, 2)).dropped(Reason::no_config)}},
                      });
}
INSTANTIATE_TEST_SUITE_P(Under, NotReady, testing::Values(Family::v4, Family::v6));

// Reasons that no packet of ours can cause.
const std::map<Reason, const char*> unreachable{
    {Reason::flow_table_full, "the young table recycles: an insert there fails only when the kernel is out of memory"},
    {Reason::tagged, "a test run has no place for a VLAN tag: tests/netns sends such frames"},
    {Reason::tagged_container, "likewise"},
    {Reason::rewrite_failed, "headers were read before they are written: only the kernel's lack of memory is left"},
};

class EveryReason : public testing::Environment {
public:
    void TearDown() override {
        if (testing::GTEST_FLAG(filter) != "*") return;  // rows were left out
#define X(name, code, text)                                                        \
    EXPECT_EQ(reached().count(Reason::name) + unreachable.count(Reason::name), 1U) \
        << #name << " is reached by no row, or named as unreachable and reached";
        BEELINE_REASONS(X)
#undef X
    }
};
const auto* const environment = testing::AddGlobalTestEnvironment(new EveryReason);

}  // namespace
}  // namespace beeline::packet
