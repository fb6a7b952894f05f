// The one door to the kernel: takes plans, gives back Status, and lets the API look at what is there. Not thread-safe;
// belongs to the network namespace of the thread that starts it.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ebpf/ring_buffer.h"
#include "kernel/check_step.h"
#include "kernel/collector.h"
#include "kernel/demand.h"
#include "kernel/link_events.h"
#include "kernel/options.h"
#include "plan/inspect.h"
#include "plan/plan.h"

namespace beeline::kernel {

class Kernel : public plan::Inspector {
public:
    // Makes or adopts the host pair, maps, programs and links; containers that are there keep their traffic and get the
    // new programs in place. Their rows are compared by the first apply(). Errors carry the verifier's log in detail.
    static Result<std::unique_ptr<Kernel>> start(Options options, const plan::Node& node);
    ~Kernel() override;
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    // Errors of items stand in Status; what they do not touch is in force. Waits one RCU grace period when something
    // was switched or removed; as long as a start when a map must become larger for the plan.
    plan::Status apply(const plan::Plan& plan);
    // Read everything back from the kernel and apply the last plan to what is there.
    plan::Status resync();
    // The same in pieces: everything but frontends, which are many, and then those, a few milliseconds with each call.
    // If they differ, or cannot be read, resync() is due.
    plan::Status resync_others();
    CheckStep check_frontends();
    // Detach, unpin, delete our devices and routes; containers lose their network. Nothing works afterwards but
    // destruction.
    Result<> remove_all();
    // The same without a running Kernel.
    static Result<> uninstall(const Options& options);

    // The reader of bl_events (records: abi::Event). One at a time; may be read by another thread.
    Result<ebpf::RingBuffer> events(ebpf::RingBuffer::Handler handler) const;
    // Readable when devices, addresses or routes of the node changed; then read, resync() if one of ours went or lost
    // its link, and call network_changed() if the rest of the node's network is concerned.
    int link_events_fd() const;
    Result<LinkNotices> read_link_events();
    // The events concern a device of ours: resync() is due.
    static bool concerns_us(const std::vector<LinkEvent>& events);
    // Compares the node's network with what it was, and applies the last plan to it. nullopt: nothing has changed.
    std::optional<plan::Status> network_changed();
    // What has grown since the last call; for the log.
    std::string growth_news() { return std::exchange(growth_news_, {}); }
    // One step of the flow collector, a few milliseconds; call again until finished, then every few seconds. After the
    // last one a flow table that is filling may be made larger, which takes as long as a start.
    Result<SweepStep> sweep();
    // Entries wait to be moved into a flow table that has grown: the first sweep is due at once.
    bool is_moving() const;

    Result<std::unique_ptr<plan::FlowWalk>> walk_flows(const plan::FlowFilter& filter,
                                                       plan::FlowAction action) override;
    plan::FlowPressure flow_pressure() const override;
    Result<std::vector<plan::HookEntry>> hooks() override;
    Result<std::vector<plan::CounterEntry>> counters() override;
    Result<std::vector<plan::MapEntry>> maps() override;
    Result<std::vector<plan::Row>> map_rows() override;
    Result<std::vector<plan::DiffRow>> diff() override;
    std::vector<plan::Check> doctor() override;
    plan::Status status() const override;

private:
    struct Running;  // everything that depends on the node's configuration
    explicit Kernel(Options options);
    Result<> configure(const plan::Node& node);
    std::vector<std::string> warnings() const;
    // kernel_growth.cpp: tables and maps that are too small.
    std::uint32_t size_of(const std::string& map) const;
    bool grow(const RowCounts& sizes);
    bool is_half_grown() const;
    Result<> make_room(const plan::Plan& plan);
    void apply_rows(const plan::Plan& plan);
    std::string grow_tables();
    plan::Status with_node_errors(plan::Status status) const;
    plan::Status resync(bool all);
    plan::Status resync_rows(bool all);

    Options options_;
    std::unique_ptr<LinkEvents> link_events_;
    std::unique_ptr<Running> running_;
    Demand demand_{};
    std::string growth_error_{};  // of the last attempt
    std::string growth_news_{};   // not told yet
    std::chrono::steady_clock::time_point grow_after_{};
    std::optional<plan::Plan> waiting_{};     // could not be applied: is_half_grown()
    std::vector<std::string> node_errors_{};  // of start(): what does not work although the rest does
};

}  // namespace beeline::kernel
