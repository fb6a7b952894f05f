// Decisions change on one CPU while packets of the same flow run on another. After the agent's order of work (row, then
// bump) the very next packet must follow the new rule, however often the other CPU stored a decision in between: no
// flow stays current with an old decision (docs/datapath/epochs.md).
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "tests/torture/lab.h"

namespace beeline::packet {
namespace {

using torture::pin_to;

// How many times a decision is changed; TORTURE_CHANGES=10000000 for a night.
unsigned changes() {
    const char* text = std::getenv("TORTURE_CHANGES");
    return text ? static_cast<unsigned>(std::atoi(text)) : 100000;
}

// One packet of a connection, sent again and again at one hook.
class Sender {
public:
    Sender(Lab& lab, const Node& from, const Packet& packet)
        : program_(lab.datapath().object().program("bl_from_container").value()), frame_(packet.frame(lab.family())) {
        ctx_.ifindex = device_of(from);
    }
    int send(std::uint32_t repeat = 1) const {
        ebpf::TestRun run;
        run.data_in = std::as_bytes(std::span(frame_));
        run.ctx_in = std::as_bytes(std::span(&ctx_, 1));
        run.repeat = repeat;
        return static_cast<int>(program_.test_run(run).value().retval);
    }

private:
    ebpf::Program program_;
    Frame frame_;
    __sk_buff ctx_{};
};

// Packets on CPU 1 for as long as it lives. A frame is sent 30 times a run: its hop count falls each time.
class Pump {
public:
    explicit Pump(const Sender& sender)
        : thread_([this, &sender] {
              pin_to(1);
              while (!stop_) {
                  sender.send(30);
                  sent_ += 30;
              }
          }) {}
    ~Pump() {
        stop_ = true;
        thread_.join();
        std::printf("%llu packets beside the changes\n", sent_);
    }

private:
    std::atomic<bool> stop_ = false;
    unsigned long long sent_ = 0;
    std::thread thread_;
};

class Epochs : public testing::TestWithParam<Family> {
protected:
    static Variant variant() {
        Variant v;
        v.family = GetParam();
        return v;
    }
};

TEST_P(Epochs, a_policy_change_holds_for_the_next_packet_of_a_live_connection) {
    Lab lab(variant());
    constexpr std::uint32_t set = 9;
    auto allow = [&](bool yes) {
        lab.policy(web, {abi::ingress}, {{abi::ingress, client.identity, abi::proto_tcp, 80, 1, yes}}, set);
        lab.bump(web);
    };
    allow(true);
    const Sender open(lab, client, tcp(client, web, 4000, 80).flags(syn));
    ASSERT_EQ(open.send(), verdict_redirect);
    const Sender more(lab, client, tcp(client, web, 4000, 80));
    pin_to(0);
    const Pump pump(more);
    unsigned wrong = 0;
    for (unsigned i = 0; i < changes(); i++) {
        const bool yes = i % 2 != 0;
        allow(yes);
        wrong += more.send() != (yes ? verdict_redirect : verdict_drop);
    }
    EXPECT_EQ(wrong, 0u) << "of " << changes() << " changes";
}

TEST_P(Epochs, a_removed_backend_is_left_by_the_next_datagram) {
    Lab lab(variant());
    const Front front{vip, 53, abi::proto_udp};
    const Backends both[2] = {{{web, 53}}, {{api, 53}}};
    lab.service(front, both[0]);
    const Sender ask(lab, client, udp(client, vip, 5000, 53));
    ASSERT_EQ(ask.send(), verdict_redirect);
    pin_to(0);
    const Pump pump(ask);
    unsigned wrong = 0;
    for (unsigned i = 0; i < changes() / 10; i++) {
        const Node& gone = i % 2 ? api : web;
        const Node& come = i % 2 ? web : api;
        // the agent's order: the new range and member, the frontend, then the old member, then the bump
        lab.service(front, both[(i + 1) % 2], (i + 1) % 2 * 8);
        lab.remove_member(front, gone, 53);
        lab.bump(gone);
        wrong += ask.send() != verdict_redirect;
        const Packet back = udp(come, client, 53, 5000);
        // Twice: the pair may be on its way from the young table into the other between the two looks of table_of().
        wrong += lab.table_of(back) == Lab::Table::none && lab.table_of(back) == Lab::Table::none;
    }
    EXPECT_EQ(wrong, 0u) << "of " << changes() / 10 << " changes";
}

INSTANTIATE_TEST_SUITE_P(Family, Epochs, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

}  // namespace
}  // namespace beeline::packet

int main(int argc, char** argv) {
    return beeline::torture::run_all(argc, argv);
}
