// Tables that are too small: the programs are loaded anew over larger ones.
#include <algorithm>

#include "kernel/running.h"

namespace beeline::kernel {

using Clock = std::chrono::steady_clock;

std::uint32_t Kernel::size_of(const std::string& map) const {
    const EbpfMapIo* there = grows_by_demand(map) ? running_->datapath->find_map(map) : nullptr;
    return there == nullptr ? 0 : there->max_entries();
}

// Larger tables come with programs of their own, as after a start. After a failure everything that is in force stays
// so, and the next attempt takes up whatever was left half done.
bool Kernel::grow(const RowCounts& sizes) {
    constexpr std::chrono::seconds pause{10};
    const auto before = options_.table_sizes;
    for (const auto& [map, entries] : sizes)
        options_.table_sizes[map] = std::max(options_.table_sizes[map], entries);
    const auto done = configure(plan::Node(running_->node));
    growth_error_ = done ? "" : "a table cannot grow: " + done.error().what;
    grow_after_ = Clock::now() + (done ? std::chrono::seconds{} : pause);
    if (!done)
        options_.table_sizes = before;  // other reasons to configure anew must not fail by this one
    else if (!sizes.empty())
        growth_news_ += (growth_news_.empty() ? "" : ", ") + growth_text(sizes);
    return done.has_value();
}

// The slow path that runs may look into larger maps already, which nobody writes: an attempt to grow has got so far and
// no further. They have all that was in force, but nothing new would reach them.
bool Kernel::is_half_grown() const {
    return !growth_error_.empty() && !running_->datapath->is_pinned();
}

// What is not made room for is refused item by item, with the map's name; traffic goes on as it does.
Result<> Kernel::make_room(const plan::Plan& plan) {
    const auto larger = larger_sizes(demand_.of(plan), [this](const std::string& map) { return size_of(map); });
    const bool due = !larger.empty() && Clock::now() >= grow_after_;
    if (due || is_half_grown()) grow(larger);
    waiting_.reset();
    if (!is_half_grown()) return {};
    waiting_ = plan;
    return fail(Errc::kernel, growth_error_);
}

void Kernel::apply_rows(const plan::Plan& plan) {
    running_->applier->apply(plan);
    // Where the plan does not tell how many rows it takes, or they are too scattered.
    while (Clock::now() >= grow_after_) {
        const auto larger =
            doubled_sizes(running_->applier->full(), [this](const std::string& map) { return size_of(map); });
        if (larger.empty() || !grow(larger)) return;
        running_->applier->apply(plan);
    }
}

// Flow tables that are filling, and what could not be done before.
std::string Kernel::grow_tables() {
    const bool any = waiting_ || running_->applier->wanted().generation.value != 0;
    if (!any || Clock::now() < grow_after_) return {};
    RowCounts larger;
    for (const auto& [map, entries] : running_->flow_table->larger())
        larger[map] = entries;
    larger.merge(doubled_sizes(running_->applier->full(), [this](const std::string& map) { return size_of(map); }));
    if (larger.empty() && growth_error_.empty()) return {};
    const plan::Plan wanted = waiting_ ? *waiting_ : running_->applier->wanted();
    if (grow(larger)) apply(wanted);
    return growth_news();
}

}  // namespace beeline::kernel
