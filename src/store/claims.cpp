#include "store/claims.h"

#include <fmt/format.h>

#include <algorithm>

namespace beeline::store {
namespace {

std::string place(const model::Origin& origin, const std::string& file) {
    return origin.line > 0 ? fmt::format("{}:{}", file, origin.line) : file;
}

model::Problem repeated(const Definition& first, const Definition& second) {
    const model::Ref ref = model::ref_of(*second.object);
    model::Problem problem;
    problem.file = second.file;
    problem.line = model::origin_of(*second.object).line;
    problem.field = "metadata.name";
    problem.value = ref.name;
    problem.reason = fmt::format("is defined already in {}, which stays in force",
                                 place(model::origin_of(*first.object), first.file));
    problem.object = ref;
    return problem;
}

bool concerns_whole_file(const model::Problem& problem) {
    return !problem.object;
}

}  // namespace

std::set<model::Ref> Claims::define_all(FileEdit& edit, std::set<model::Ref>& changed) {
    std::set<model::Ref> said;
    for (model::Object& object : edit.objects) {
        const model::Ref ref = model::ref_of(object);
        if (said.insert(ref).second) {
            if (define(ref, edit.file, std::move(object))) changed.insert(ref);
            continue;
        }
        const auto same_file = [&](const Definition& d) { return d.file == edit.file; };
        const Definition second{edit.file, 0, std::make_shared<const model::Object>(std::move(object))};
        edit.problems.push_back(repeated(*std::ranges::find_if(definitions_[ref], same_file), second));
    }
    return said;
}

std::set<model::Ref> Claims::apply(FileEdit edit) {
    if (edit.removed) {
        edit.objects.clear();
        edit.problems.clear();
    }
    std::set<model::Ref> keep;
    for (const model::Problem& problem : edit.problems)
        if (problem.object) keep.insert(*problem.object);
    const bool keep_all = std::ranges::any_of(edit.problems, concerns_whole_file);

    std::set<model::Ref> changed;
    std::set<model::Ref> said = define_all(edit, changed);
    File& file = files_[edit.file];
    for (const model::Ref& ref : file.says) {
        if (said.contains(ref)) continue;
        if (keep_all || keep.contains(ref)) {
            said.insert(ref);
        } else if (withdraw(ref, edit.file)) {
            changed.insert(ref);
        }
    }
    file.says = std::move(said);
    file.problems = std::move(edit.problems);
    if (file.says.empty() && file.problems.empty()) files_.erase(edit.file);
    return changed;
}

bool Claims::define(const model::Ref& ref, const std::string& file, model::Object object) {
    auto& all = definitions_[ref];
    const auto mine = std::ranges::find(all, file, &Definition::file);
    if (mine == all.end()) {
        all.push_back({file, arrivals_++, std::make_shared<const model::Object>(std::move(object))});
        return all.size() == 1;
    }
    if (*mine->object == object) return false;
    mine->object = std::make_shared<const model::Object>(std::move(object));
    return mine == all.begin();
}

bool Claims::withdraw(const model::Ref& ref, const std::string& file) {
    const auto entry = definitions_.find(ref);
    if (entry == definitions_.end()) return false;
    auto& all = entry->second;
    const auto mine = std::ranges::find(all, file, &Definition::file);
    if (mine == all.end()) return false;
    const bool was_first = mine == all.begin();
    all.erase(mine);
    if (all.empty()) definitions_.erase(entry);
    return was_first;
}

std::set<model::Ref> Claims::said_by(const std::string& file) const {
    const auto entry = files_.find(file);
    return entry == files_.end() ? std::set<model::Ref>{} : entry->second.says;
}

const Definition* Claims::first(const model::Ref& ref) const {
    const auto entry = definitions_.find(ref);
    return entry == definitions_.end() ? nullptr : &entry->second.front();
}

const model::Problem* Claims::may_be_hidden(const model::Ref& ref) const {
    if (first(ref) != nullptr) return nullptr;
    const model::Problem* perhaps = nullptr;
    for (const auto& [name, file] : files_)
        for (const model::Problem& problem : file.problems) {
            if (problem.object == ref) return &problem;
            const bool anything = !problem.object && (!problem.kind || *problem.kind == ref.kind);
            if (anything && perhaps == nullptr) perhaps = &problem;
        }
    return perhaps;
}

std::vector<model::Problem> Claims::problems() const {
    std::vector<model::Problem> result;
    for (const auto& [name, file] : files_)
        result.insert(result.end(), file.problems.begin(), file.problems.end());
    for (const auto& [ref, all] : definitions_)
        for (std::size_t i = 1; i < all.size(); ++i)
            result.push_back(repeated(all.front(), all[i]));
    return result;
}

}  // namespace beeline::store
