// A node with two containers, a and b, and an agent's Kernel that can be started again.
#pragma once
#include <gmock/gmock.h>

#include "kernel/root_test/sandbox.h"

namespace beeline::kernel::test {

class KernelTest : public NodeTest {
protected:
    const Container a{"a"}, b{"b"};
    Options wanted = options();
    std::unique_ptr<Kernel> kernel{};

    void start() {
        kernel.reset();
        kernel = must(Kernel::start(wanted, node()));
    }
    plan::Plan both() const { return plan_of(1, {endpoint(2, a), endpoint(3, b)}); }
    plan::Plan with_service(std::vector<plan::Backend> backends) const {
        plan::Plan plan = both();
        plan.frontends[{addr("10.96.0.1"), Port{80}, Proto::tcp}] = {
            .service = 5, .name = "default/web:http", .backends = std::move(backends), .draining = {}};
        return plan;
    }
    void expect_clean(const plan::Status& status) {
        EXPECT_THAT(status.errors, testing::IsEmpty());
        for (const auto& [id, item] : status.endpoints)
            EXPECT_EQ(item.error, "") << "endpoint " << id.value;
        for (const auto& [key, item] : status.frontends)
            EXPECT_EQ(item.error, "") << to_string(key.addr);
    }
    plan::FlowStep walked(const plan::FlowFilter& filter, plan::FlowAction action) {
        const auto walk = must(kernel->walk_flows(filter, action));
        plan::FlowStep all;
        while (!all.finished) {
            const auto step = must(walk->step());
            all.entries.insert(all.entries.end(), step.entries.begin(), step.entries.end());
            all.removed += step.removed;
            all.finished = step.finished;
        }
        return all;
    }
    std::vector<plan::FlowEntry> flows_of(const plan::FlowFilter& filter = {}) {
        return walked(filter, plan::FlowAction::list).entries;
    }
    void sweep() {
        while (!must(kernel->sweep()).finished) {
        }
    }
    std::uint64_t dropped(const std::string& reason) {
        std::uint64_t packets = 0;
        for (const auto& counter : must(kernel->counters()))
            if (counter.reason == reason) packets += counter.packets;
        return packets;
    }
};

}  // namespace beeline::kernel::test
