// The collector marks and removes a flow on one CPU while its packets run on another. Whatever the order, no packet is
// dropped, a flow that packets keep alive has both entries, and what is over goes (docs/datapath/flow-table.md).
#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

#include "tests/torture/lab.h"

namespace beeline::packet {
namespace {

using torture::pin_to;
using torture::seconds;

// So many that each is heard of about as often as it is over: every 64 jiffies.
constexpr std::uint16_t flows = 2000, first_port = 2000;

Packet asked(std::uint16_t port) {
    return udp(client, vip, port, 53);
}
Packet answered(std::uint16_t port) {
    return udp(web, client, 5353, port);
}

// Question, answer, question, of one flow after the other, on CPU 1.
class Talk {
public:
    explicit Talk(Lab& lab)
        : program_(lab.datapath().object().program("bl_from_container").value()), thread_([this, &lab] {
              pin_to(1);
              for (std::uint16_t i = 0; !stop_; i = static_cast<std::uint16_t>((i + 1) % flows))
                  exchange(lab, static_cast<std::uint16_t>(first_port + i));
          }) {}
    ~Talk() { end(); }
    void end() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    std::atomic<unsigned long long> sent = 0, dropped = 0;

private:
    void exchange(Lab& lab, std::uint16_t port) {
        dropped += send(lab, client, asked(port)) != verdict_redirect;
        dropped += send(lab, web, answered(port)) != verdict_redirect;
        dropped += send(lab, client, asked(port)) != verdict_redirect;
        sent += 3;
    }
    int send(Lab& lab, const Node& from, const Packet& packet) const {
        const Frame frame = packet.frame(lab.family());
        __sk_buff ctx{};
        ctx.ifindex = device_of(from);
        ebpf::TestRun run;
        run.data_in = std::as_bytes(std::span(frame));
        run.ctx_in = std::as_bytes(std::span(&ctx, 1));
        return static_cast<int>(program_.test_run(run).value().retval);
    }
    ebpf::Program program_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

std::vector<Packet> all_asked() {
    std::vector<Packet> all;
    for (std::uint16_t i = 0; i < flows; i++)
        all.push_back(asked(static_cast<std::uint16_t>(first_port + i)));
    return all;
}

class Collecting : public testing::TestWithParam<Family> {
protected:
    static Variant variant() {
        Variant v;
        v.family = GetParam();
        v.flow_entries = 16384;
        v.hasty = true;
        return v;
    }
    // Packets beside the collector, whose rounds are these; what came of it.
    static void run(std::initializer_list<abi::Collect> round) {
        // An answer whose flow was flushed while it was under way is the first packet of a flow of its own.
        const bool is_collecting = *round.begin() != abi::Collect::flush;
        Lab lab(variant());
        lab.service({vip, 53, abi::proto_udp}, {{web, 5353}});
        pin_to(0);
        torture::Collect collect(lab, all_asked());
        unsigned long long marked = 0, removed = 0;
        Talk talk(lab);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds());
        while (std::chrono::steady_clock::now() < end)
            for (const auto what : round) {
                const auto done = collect.run(what);
                marked += done.marked;
                removed += done.removed;
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        talk.end();
        std::cout << talk.sent << " packets, " << marked << " entries marked, " << removed << " removed\n";
        EXPECT_EQ(talk.dropped, 0u);
        EXPECT_GT(removed, 0u);
        if (is_collecting) expect_whole_pairs(lab);
    }
    static void expect_whole_pairs(Lab& lab) {
        unsigned halves = 0;
        for (std::uint16_t i = 0; i < flows; i++) {
            const auto port = static_cast<std::uint16_t>(first_port + i);
            halves += lab.table_of(asked(port)) != lab.table_of(answered(port));
        }
        EXPECT_EQ(halves, 0u) << "flows with one entry of two";
    }
};

TEST_P(Collecting, beside_its_packets_drops_none_and_leaves_no_half_flows) {
    run({abi::Collect::mark, abi::Collect::remove});
}
TEST_P(Collecting, by_flushing_as_well) {
    run({abi::Collect::flush});
}

INSTANTIATE_TEST_SUITE_P(Under, Collecting, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

}  // namespace
}  // namespace beeline::packet

int main(int argc, char** argv) {
    return beeline::torture::run_all(argc, argv);
}
