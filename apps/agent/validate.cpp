// What would the store say? Asked of a second store that is given everything the real one has.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

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

}  // namespace

api::Validation Pipeline::validate(const std::string& file, const std::string& text) {
    const std::string name = std::filesystem::path(file).filename().string();
    auto parsed = source::file::parse_manifests(text, name);
    const auto snapshot = seams_.store.current();
    store::Store second(snapshot->node);
    second.apply(edits_of(*snapshot));
    const auto problems_before = second.problems();

    api::Validation verdict;
    second.apply({{name, parsed.objects, std::move(parsed.problems), false}});
    // Only what this file brings about: problems of others that were there before are not its own.
    for (auto& problem : second.problems())
        if (std::ranges::find(problems_before, problem) == problems_before.end())
            verdict.problems.push_back(std::move(problem));
    for (auto& object : parsed.objects) {
        const auto about = [&](const model::Problem& problem) { return problem.object == ref_of(object); };
        if (std::ranges::none_of(verdict.problems, about)) verdict.objects.push_back(std::move(object));
    }
    for (const auto& ignored : parsed.ignored)
        verdict.ignored.push_back(fmt::format("{}:{}: {}", ignored.origin.file, ignored.origin.line, ignored.kind));
    return verdict;
}

}  // namespace beeline::agent
