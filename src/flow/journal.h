// The last records, and whoever follows them. Thread-safe: the ring buffer's reader adds, the agent's loop reads.
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "flow/record.h"

namespace beeline::flow {

// One follower's queue. Bounded: a slow follower loses the newest records, and is told how many.
class Subscription {
public:
    static constexpr std::size_t bound = 4096;
    struct Batch {
        std::vector<RecordPtr> records;
        std::uint64_t lost = 0;  // left out after `records`
    };

    // wake: called when the queue gets its first record; from any thread, with no lock held.
    Subscription(RecordFilter filter, std::function<void()> wake);
    Batch take();

private:
    friend class Journal;
    void offer(const RecordPtr& record);

    const RecordFilter filter_;
    const std::function<void()> wake_;
    std::mutex mutex_;
    Batch queue_;
};

class Journal {
public:
    struct Totals {
        std::uint64_t received = 0;   // events decoded
        std::uint64_t malformed = 0;  // events the decoder refused
        std::uint64_t lost = 0;       // events the datapath left out: FlowRecord::suppressed, summed
    };

    // Memory is taken as records come.
    explicit Journal(std::size_t capacity = 4096) : capacity_(capacity) {}

    void add(FlowRecord record);
    void add_malformed() { malformed_++; }

    // The last n that match, oldest first.
    std::vector<RecordPtr> last(std::size_t n, const RecordFilter& filter) const;
    // The queue begins with the last n that match; none is missed or doubled between those and the new ones.
    // Ends when the caller lets go of it.
    std::shared_ptr<Subscription> subscribe(const RecordFilter& filter, std::size_t n, std::function<void()> wake);
    Totals totals() const { return {received_, malformed_, lost_}; }

private:
    std::vector<RecordPtr> last_locked(std::size_t n, const RecordFilter& filter) const;

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::deque<RecordPtr> records_;
    std::vector<std::weak_ptr<Subscription>> subscribers_;
    std::atomic<std::uint64_t> received_{0}, malformed_{0}, lost_{0};
};

}  // namespace beeline::flow
