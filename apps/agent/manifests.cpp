#include "apps/agent/manifests.h"

#include <fmt/format.h>

#include "apps/agent/log.h"

namespace beeline::agent {

Result<Manifests> Manifests::open(const std::string& path, const std::string& run_dir) {
    return Manifests(path, TRY(source::file::Directory::open(path)), LastGood(run_dir, path));
}

std::vector<store::FileEdit> Manifests::read() {
    std::vector<store::FileEdit> edits;
    for (auto& change : directory_.read()) {
        log_debug(fmt::format("{}: {}", change.file,
                              change.removed ? "gone" : fmt::format("{} objects", change.parsed.objects.size())));
        for (const auto& ignored : change.parsed.ignored)
            log_info(fmt::format("{}:{}: {} is ignored", ignored.origin.file, ignored.origin.line, ignored.kind));
        if (change.removed)
            files_.erase(change.file);
        else
            files_.insert(change.file);
        unkept_.emplace_back(change.file, std::move(change.parsed.documents));
        edits.push_back({std::move(change.file), std::move(change.parsed.objects), std::move(change.parsed.problems),
                         change.removed});
    }
    if (std::exchange(first_, false)) last_good_.recall(edits);
    return edits;
}

Result<std::vector<store::FileEdit>> Manifests::reread() {
    auto fresh = TRY(source::file::Directory::open(path_));
    directory_ = std::move(fresh);
    const auto before = std::exchange(files_, {});
    auto edits = read();
    for (const std::string& file : before)
        if (!files_.contains(file)) {
            unkept_.push_back({file, {}});
            edits.push_back({file, {}, {}, true});
        }
    return edits;
}

Result<> Manifests::keep(const store::Store& store) {
    for (auto& [file, documents] : std::exchange(unkept_, {}))
        last_good_.update(file, std::move(documents), store.said_by(file));
    return last_good_.save();
}

}  // namespace beeline::agent
