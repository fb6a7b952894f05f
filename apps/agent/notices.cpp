#include "apps/agent/notices.h"

#include <fmt/format.h>

namespace beeline::agent {
namespace {

std::set<std::string> lines(const std::vector<model::Problem>& problems, const plan::Status& status) {
    std::set<std::string> now(status.errors.begin(), status.errors.end());
    now.insert(status.warnings.begin(), status.warnings.end());
    for (const auto& problem : problems)
        now.insert("refused: " + to_string(problem));
    for (const auto& [id, item] : status.endpoints)
        if (!item.error.empty()) now.insert(fmt::format("endpoint {}: {}", id.value, item.error));
    for (const auto& [key, item] : status.frontends)
        if (!item.error.empty())
            now.insert(fmt::format("frontend {} {} {}: {}", to_string(key.addr), to_string(key.proto), key.port.value,
                                   item.error));
    return now;
}

}  // namespace

void Notices::update(const std::vector<model::Problem>& problems, const plan::Status& status) {
    auto now = lines(problems, status);
    for (const auto& line : now)
        if (!told_.contains(line)) came_(line);
    for (const auto& line : told_)
        if (!now.contains(line)) went_(line);
    told_ = std::move(now);
}

}  // namespace beeline::agent
