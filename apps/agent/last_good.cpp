#include "apps/agent/last_good.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/agent/state_json.h"
#include "base/file.h"
#include "base/hash.h"

namespace beeline::agent {
namespace {

namespace fs = std::filesystem;
using source::file::Document;

constexpr unsigned shards = 16;
constexpr std::size_t longest_shard = std::size_t{1} << 30;  // some of the largest manifests there may be

unsigned shard_of(const std::string& file) {
    return fnv1a(file) % shards;
}

std::string path_of(const std::string& folder, unsigned shard) {
    return fmt::format("{}/{:x}.json", folder, shard);
}

// One spelling for each folder.
std::string spelled(const std::string& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error);
    return ((error ? fs::path(path) : absolute) / "").lexically_normal();
}

}  // namespace

LastGood::LastGood(const std::string& run_dir, const std::string& manifests)
    : folder_(run_dir + "/state/objects"), manifests_(spelled(manifests)) {
    for (unsigned shard = 0; shard < shards; ++shard)
        load(shard);
}

void LastGood::load(unsigned shard) {
    const std::string path = path_of(folder_, shard);
    const auto text = read_file(path, longest_shard);
    if (!text && text.error().code == Errc::not_found) return;
    auto kept = text ? parse_kept(*text) : std::unexpected(text.error());
    if (!kept) {
        problems_.push_back(set_aside(path, kept.error()) + "; it held last good versions of manifests");
        return;
    }
    if (kept->manifests == manifests_)
        files_.merge(kept->files);
    else
        unsaved_.insert(shard);
}

store::FileEdit LastGood::edit_of(const std::string& file, const std::vector<Document>& documents) {
    store::FileEdit edit{.file = file, .objects = {}, .problems = {}, .removed = false};
    for (const Document& document : documents) {
        std::set<model::Ref> missing = document.objects;
        for (model::Object& object : parse_document(document, file).objects)
            if (missing.erase(ref_of(object)) != 0) edit.objects.push_back(std::move(object));
        for (const model::Ref& ref : missing)
            problems_.push_back(fmt::format("{}: the last good version of {} is not understood", file, to_string(ref)));
    }
    return edit;
}

void LastGood::recall(std::vector<store::FileEdit>& edits) {
    std::set<std::string> gone;
    for (const auto& [file, documents] : files_)
        gone.insert(file);
    std::vector<store::FileEdit> all;
    for (store::FileEdit& edit : edits) {
        gone.erase(edit.file);
        const auto kept = files_.find(edit.file);
        if (!edit.problems.empty() && kept != files_.end()) all.push_back(edit_of(edit.file, kept->second));
        all.push_back(std::move(edit));
    }
    edits = std::move(all);
    for (const std::string& file : gone)
        forget(file);
}

void LastGood::forget(const std::string& file) {
    if (files_.erase(file) != 0) unsaved_.insert(shard_of(file));
}

void LastGood::update(const std::string& file, std::vector<Document> fresh, std::set<model::Ref> said) {
    for (const Document& document : fresh)
        for (const model::Ref& ref : document.objects)
            said.erase(ref);
    const auto old = files_.find(file);
    if (old != files_.end()) {
        // What it does not say well any more stays as it was.
        for (Document document : old->second) {
            std::erase_if(document.objects, [&](const model::Ref& ref) { return !said.contains(ref); });
            if (!document.objects.empty()) fresh.push_back(std::move(document));
        }
        if (old->second == fresh) return;
    }
    if (fresh.empty()) return forget(file);
    files_[file] = std::move(fresh);
    unsaved_.insert(shard_of(file));
}

Result<> LastGood::save() {
    if (unsaved_.empty()) return {};
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) return fail(Errc::io, fmt::format("{}: cannot make the folder: {}", folder_, error.message()));
    std::map<unsigned, KeptFiles> texts;
    for (const unsigned shard : unsaved_)
        texts[shard].manifests = manifests_;
    for (const auto& [file, documents] : files_)
        if (const auto shard = texts.find(shard_of(file)); shard != texts.end())
            shard->second.files.emplace(file, documents);
    for (const auto& [shard, kept] : texts) {
        CHECK(write_file(path_of(folder_, shard), kept_text(kept), 0600));
        unsaved_.erase(shard);
    }
    return {};
}

}  // namespace beeline::agent
