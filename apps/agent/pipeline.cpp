#include "apps/agent/pipeline.h"

#include <fmt/format.h>

#include <utility>

namespace beeline::agent {
namespace {

// Containers that come up change derived EndpointSlices, which change the plan once more; then it is still. The
// bound is for what should never happen.
constexpr int passes_at_most = 16;

}  // namespace

Pipeline::Pipeline(Seams seams) : seams_(std::move(seams)), plan_(std::make_shared<const plan::Plan>()) {}

Result<std::vector<std::string>> Pipeline::restore() {
    SavedState saved = TRY(seams_.state.load());
    std::vector<std::string> notes = std::move(saved.problems);
    const auto note = [&](const char* what, const Result<>& result) {
        if (!result) notes.push_back(fmt::format("{}: {}", what, result.error().what));
    };
    note("state/identities.json", seams_.store.restore_identities(saved.identities));
    note("state/cluster_ips.json", seams_.store.restore_cluster_ips(saved.cluster_ips));
    note("state/node_ports.json", seams_.store.restore_node_ports(saved.node_ports));
    for (const auto& endpoint : saved.endpoints) {
        const auto inode = seams_.netns(endpoint.netns);
        const bool same = inode && (endpoint.netns_inode == 0 || endpoint.netns_inode == *inode);
        if (!same) {
            seams_.warn(fmt::format("endpoint {} ({}): its network namespace {} is gone; forgotten", endpoint.id.value,
                                    to_string(endpoint.pod), endpoint.netns));
            note("state", seams_.state.remove(endpoint.id));
            continue;
        }
        const std::string what = fmt::format("endpoint {} ({})", endpoint.id.value, to_string(endpoint.pod));
        note(what.c_str(), seams_.store.restore_endpoint(endpoint));
    }
    return notes;
}

void Pipeline::apply(std::vector<store::FileEdit> edits) {
    seams_.store.apply(std::move(edits));
    request_run();
}

void Pipeline::set_unmasked(std::vector<Prefix> unmasked) {
    seams_.store.set_unmasked(std::move(unmasked));
    request_run();
}

void Pipeline::set_failing(std::set<model::Name> pods) {
    seams_.store.set_failing(std::move(pods));
    request_run();
}

void Pipeline::request_run() {
    if (std::exchange(scheduled_, true)) return;
    seams_.schedule();
}

void Pipeline::run() {
    scheduled_ = false;
    settle();
    answer();
}

void Pipeline::take(const plan::Status& status) {
    status_ = status;
    seams_.store.set_up(status.up);
    forget_lost(status);
    request_run();
}

void Pipeline::settle() {
    for (int i = 0; i < passes_at_most; i++)
        if (!pass()) return;
    seams_.warn("the state does not settle; going on with the next change");
}

// One generation to the kernel. False: there was none.
bool Pipeline::pass() {
    auto snapshot = seams_.store.current();
    if (!first_ && snapshot->generation == plan_->generation) return false;
    // A pod that nobody has asked yet is not ready in the first plan that has it.
    if (seams_.failing) {
        seams_.store.set_failing(seams_.failing(*snapshot));
        snapshot = seams_.store.current();
    }
    // What the next agent must not give to others is on disk before the kernel uses it.
    if (!save_tables()) return false;
    first_ = false;
    plan_ = std::make_shared<const plan::Plan>(compiler_.compile(*snapshot));
    seams_.enricher.update(snapshot, std::chrono::steady_clock::now());
    status_ = seams_.apply(*plan_);
    seams_.store.set_up(status_.up);
    forget_lost(status_);
    return true;
}

bool Pipeline::save_tables() {
    const std::uint64_t version = seams_.store.tables_version();
    if (version == saved_) return true;
    Result<> saved = seams_.state.save_identities(seams_.store.identities());
    if (saved) saved = seams_.state.save_cluster_ips(seams_.store.cluster_ips());
    if (saved) saved = seams_.state.save_node_ports(seams_.store.node_ports());
    if (!saved) seams_.warn(fmt::format("state cannot be saved, nothing new comes into force: {}", saved.error().what));
    if (saved) saved_ = version;
    return saved.has_value();
}

void Pipeline::forget_lost(const plan::Status& status) {
    for (const EndpointId id : status.lost) {
        if (!seams_.store.current()->endpoints.contains(id)) continue;
        seams_.warn(fmt::format("endpoint {}: its network namespace is gone; removed", id.value));
        forget(id);
    }
}

void Pipeline::forget(EndpointId id) {
    if (const auto removed = seams_.store.remove_endpoint(id); !removed) seams_.warn(removed.error().what);
    if (const auto removed = seams_.state.remove(id); !removed) seams_.warn(removed.error().what);
}

Result<api::Editor::Added> Pipeline::outcome(const Added& added) const {
    const unsigned id = added.id.value;
    const auto item = status_.endpoints.find(added.id);
    if (item != status_.endpoints.end() && !item->second.error.empty()) return fail(Errc::kernel, item->second.error);
    if (!seams_.store.current()->endpoints.contains(added.id))
        return fail(Errc::not_found, fmt::format("endpoint {}: it was removed, or its namespace vanished", id));
    if (!status_.up.contains(added.id)) return fail(Errc::kernel, fmt::format("endpoint {} did not come up", id));
    return added;
}

void Pipeline::answer() {
    std::vector<std::pair<Result<Added>, std::function<void(Result<Added>)>>> added;
    bool rolled_back = false;
    for (Adding& edit : std::exchange(adding_, {})) {
        auto result = outcome(edit.added);
        if (!result && edit.added.created && seams_.store.current()->endpoints.contains(edit.added.id)) {
            forget(edit.added.id);
            rolled_back = true;
        }
        added.emplace_back(std::move(result), std::move(edit.done));
    }
    auto removed = std::exchange(removing_, {});
    if (rolled_back) settle();
    // Only now: an answer may lead to the next edit.
    for (auto& [result, done] : added)
        done(std::move(result));
    for (const Removing& edit : removed) {
        const auto gone = seams_.state.remove(edit.id);
        edit.done(gone);
    }
}

Result<api::Editor::Added> Pipeline::begin_add(store::EndpointRequest request) {
    request.netns_inode = TRY(seams_.netns(request.netns));
    const auto before = seams_.store.current();
    const model::Endpoint endpoint = TRY(seams_.store.add_endpoint(request));
    const bool created = !before->endpoints.contains(endpoint.id);
    if (auto saved = seams_.state.save(endpoint); !saved) {
        if (created) forget(endpoint.id);
        return std::unexpected(std::move(saved).error());
    }
    return Added{endpoint.id, created};
}

void Pipeline::add_endpoint(store::EndpointRequest request, std::function<void(Result<Added>)> done) {
    auto begun = begin_add(std::move(request));
    if (!begun) return done(std::move(begun));
    adding_.push_back({*begun, std::move(done)});
    request_run();
}

void Pipeline::remove_endpoint(EndpointId id, std::function<void(Result<>)> done) {
    if (auto removed = seams_.store.remove_endpoint(id); !removed) return done(std::move(removed));
    removing_.push_back({id, std::move(done)});
    request_run();
}

}  // namespace beeline::agent
