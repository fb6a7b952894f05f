#include "flow/journal.h"

#include <algorithm>
#include <utility>

namespace beeline::flow {

Subscription::Subscription(RecordFilter filter, std::function<void()> wake)
    : filter_(std::move(filter)), wake_(std::move(wake)) {}

Subscription::Batch Subscription::take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(queue_, {});
}

void Subscription::offer(const RecordPtr& record) {
    if (!filter_.matches(*record)) return;
    bool first = false;
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.records.size() >= bound) {
            queue_.lost++;
            return;
        }
        first = queue_.records.empty();
        queue_.records.push_back(record);
    }
    if (first && wake_) wake_();
}

void Journal::add(FlowRecord record) {
    received_++;
    lost_ += record.suppressed;
    const auto shared = std::make_shared<const FlowRecord>(std::move(record));
    std::vector<std::shared_ptr<Subscription>> followers;
    {
        const std::scoped_lock lock(mutex_);
        records_.push_back(shared);
        if (records_.size() > capacity_) records_.pop_front();
        std::erase_if(subscribers_, [&](const auto& weak) {
            auto follower = weak.lock();
            if (follower) followers.push_back(std::move(follower));
            return weak.expired();
        });
    }
    for (const auto& follower : followers)
        follower->offer(shared);
}

std::vector<RecordPtr> Journal::last_locked(std::size_t n, const RecordFilter& filter) const {
    std::vector<RecordPtr> found;
    for (auto record = records_.rbegin(); record != records_.rend() && found.size() < n; ++record)
        if (filter.matches(**record)) found.push_back(*record);
    std::ranges::reverse(found);
    return found;
}

std::vector<RecordPtr> Journal::last(std::size_t n, const RecordFilter& filter) const {
    const std::scoped_lock lock(mutex_);
    return last_locked(n, filter);
}

std::shared_ptr<Subscription> Journal::subscribe(const RecordFilter& filter, std::size_t n,
                                                 std::function<void()> wake) {
    auto made = std::make_shared<Subscription>(filter, std::move(wake));
    const std::scoped_lock lock(mutex_);
    made->queue_.records = last_locked(std::min(n, Subscription::bound), filter);
    subscribers_.push_back(made);
    return made;
}

}  // namespace beeline::flow
