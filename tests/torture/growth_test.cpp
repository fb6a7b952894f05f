// The flow table grows while packets of its flows run on another CPU, and while they are decided anew. Every packet
// goes where it went before, translated as before, and at the end each flow has its two entries in the larger table,
// and nothing is left in the one that was (docs/datapath/flow-table.md).
#include <atomic>
#include <chrono>
#include <cstring>
#include <iostream>
#include <thread>

#include "kernel/grace.h"
#include "tests/torture/lab.h"

namespace beeline::packet {
namespace {

using torture::pin_to;
using torture::seconds;

// Two entries a flow fill the list of what bl_collect() is asked for.
constexpr std::uint16_t flows = 2000, first_port = 2000;

Packet asked(std::uint16_t port) {
    return udp(client, far, port, 53);
}
Packet answered(std::uint16_t port) {
    return udp(far, node, 53, port);
}

// A packet, and what became of it the first time. Some meet hooks that are not replaced yet.
class Sample {
public:
    Sample(Lab& lab, abi::Hook hook, unsigned device, const Packet& packet)
        : program_(packet.sport % 2 != 0 || packet.dport % 2 == 0 ? &lab.datapath().program(hook)
                                                                  : &lab.datapath().old_program(hook)),
          frame_(packet.frame(lab.family())) {
        std::memset(&ctx_, 0, sizeof ctx_);  // the kernel looks at the padding too
        ctx_.ifindex = device;
    }
    bool goes_as_before() {
        ebpf::TestRun run;
        run.data_in = std::as_bytes(std::span(frame_));
        run.ctx_in = std::as_bytes(std::span(&ctx_, 1));
        auto result = program_->test_run(run).value();
        if (first_.empty()) first_ = result.data_out;
        return static_cast<int>(result.retval) == verdict_redirect && result.data_out == first_;
    }

private:
    const ebpf::Program* program_;
    Frame frame_;
    __sk_buff ctx_;
    std::vector<std::byte> first_{};
};

// Question and answer of one masqueraded flow after the other, on CPU 1; but not while it is held.
class Talk {
public:
    explicit Talk(Lab& lab) {
        for (std::uint16_t port = first_port; port < first_port + flows; port++) {
            samples_.emplace_back(lab, abi::Hook::from_container, device_of(client), asked(port));
            samples_.emplace_back(lab, abi::Hook::from_netdev, uplink_device(), answered(port));
        }
        for (unsigned round = 0; round < 3; round++)  // the last question makes each a flow
            for (auto& sample : samples_)
                wrong += !sample.goes_as_before();
        thread_ = std::thread([this] { run(); });
    }
    ~Talk() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    void hold() {
        wanted_ = true;
        while (!held_)
            std::this_thread::yield();
    }
    void go_on() { wanted_ = held_ = false; }
    std::atomic<unsigned long long> sent = 0, wrong = 0;

private:
    void run() {
        pin_to(1);
        for (std::size_t i = 0; !stop_; i = (i + 1) % samples_.size()) {
            while (wanted_ && !stop_) {
                held_ = true;
                std::this_thread::yield();
            }
            wrong += !samples_[i].goes_as_before();
            sent++;
        }
    }
    std::vector<Sample> samples_{};
    std::atomic<bool> stop_ = false, wanted_ = false, held_ = false;
    std::thread thread_{};
};

std::vector<Packet> all_packets() {
    std::vector<Packet> all;
    for (std::uint16_t port = first_port; port < first_port + flows; port++) {
        all.push_back(asked(port));
        all.push_back(answered(port));
    }
    return all;
}

class Growth : public testing::TestWithParam<Family> {
protected:
    static Variant variant() {
        Variant v;
        v.family = GetParam();
        v.flow_entries = 16384;
        v.outgrown = true;
        return v;
    }
};

TEST_P(Growth, beside_packets_and_new_decisions_changes_none_of_them) {
    Lab lab(variant());
    pin_to(0);
    Talk talk(lab);
    torture::Collect collect(lab, all_packets());
    auto grace = kernel::Grace::open().value();
    unsigned rounds = 0, unmoved = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds());
    for (; std::chrono::steady_clock::now() < end; rounds++) {
        talk.hold();
        lab.datapath().outgrow();
        talk.go_on();
        // A walk that an entry escapes because it is being rewritten is followed by another.
        unsigned settled = 0;
        for (unsigned walk = 0; walk < 10 && settled < flows * 2u; walk++) {
            lab.bump_global();
            collect.run(abi::Collect::copy);
            lab.bump_global();
            ASSERT_TRUE(grace.wait().has_value());
            settled += collect.run(abi::Collect::settle).removed;
        }
        unmoved += flows * 2u - settled;
    }
    talk.hold();
    std::cout << talk.sent << " packets, " << rounds << " times " << flows * 2 << " entries\n";
    EXPECT_EQ(talk.wrong, 0u);
    EXPECT_EQ(unmoved, 0u);
    EXPECT_GT(rounds, 10u);
    for (const Packet& p : all_packets())
        EXPECT_EQ(lab.places_of(p), (std::map<unsigned, std::uint32_t>{{0, lab.places_of(p)[0]}}))
            << p.sport << " to " << p.dport;
}

INSTANTIATE_TEST_SUITE_P(Families, Growth, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

}  // namespace
}  // namespace beeline::packet

int main(int argc, char** argv) {
    return beeline::torture::run_all(argc, argv);
}
