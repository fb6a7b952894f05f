// What would the store say? Asked of a second store that is given everything the real one has.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "apps/agent/pipeline.h"
#include "source/file/parse.h"

namespace beeline::agent {
namespace {

using Files = std::map<std::string, store::FileEdit>;

template <class T>
void collect(Files& files, const model::Objects<T>& objects) {
    for (const auto& [name, object] : objects) {
        const std::string& file = object->meta.origin.file;
        if (file.empty()) continue;  // made by the store itself, and again by the second one
        files[file].file = file;
        files[file].objects.emplace_back(*object);
    }
}

std::vector<store::FileEdit> edits_of(const model::Snapshot& snapshot) {
    Files files;
    collect(files, snapshot.namespaces);
    collect(files, snapshot.nodes);
    collect(files, snapshot.pods);
    collect(files, snapshot.services);
    collect(files, snapshot.slices);
    collect(files, snapshot.policies);
    std::vector<store::FileEdit> edits;
    for (auto& [name, edit] : files)
        edits.push_back(std::move(edit));
    return edits;
}

std::string name_of(const api::ManifestText& file) {
    return std::filesystem::path(file.file).filename().string();
}

// A document is judged by all the others: every file is entered before any is answered for.
store::FileEdit enter(const api::ManifestText& file, bool repeated, api::Validation& verdict) {
    const std::string name = name_of(file);
    auto parsed = source::file::parse_manifests(file.text, name);
    for (const auto& ignored : parsed.ignored)
        verdict.ignored.push_back(fmt::format("{}:{}: {}", ignored.origin.file, ignored.origin.line, ignored.kind));
    verdict.file = file.file;
    if (repeated) {
        verdict.problems = std::move(parsed.problems);
        verdict.problems.push_back({.file = name, .reason = "is the name of another of these files, too"});
        return {};
    }
    verdict.objects = parsed.objects;
    return {name, std::move(parsed.objects), std::move(parsed.problems), false};
}

}  // namespace

std::vector<api::Validation> Pipeline::validate(const std::vector<api::ManifestText>& files) {
    const auto snapshot = seams_.store.current();
    store::Store second(snapshot->node);
    second.apply(edits_of(*snapshot));
    const auto problems_before = second.problems();

    std::vector<api::Validation> verdicts(files.size());
    std::map<std::string, api::Validation*> by_name;
    std::vector<store::FileEdit> edits;
    for (std::size_t i = 0; i < files.size(); i++) {
        const bool repeated = !by_name.try_emplace(name_of(files[i]), &verdicts[i]).second;
        auto edit = enter(files[i], repeated, verdicts[i]);
        if (!repeated) edits.push_back(std::move(edit));
    }
    second.apply(std::move(edits));
    // Only what these files bring about: problems of others that were there before are not their own.
    for (auto& problem : second.problems()) {
        if (std::ranges::find(problems_before, problem) != problems_before.end()) continue;
        const auto own = by_name.find(problem.file);
        auto& verdict = own == by_name.end() ? verdicts.front() : *own->second;
        std::erase_if(verdict.objects, [&](const auto& object) { return problem.object == ref_of(object); });
        verdict.problems.push_back(std::move(problem));
    }
    return verdicts;
}

}  // namespace beeline::agent
