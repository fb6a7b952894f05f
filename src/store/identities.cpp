#include "store/identities.h"

#include <fmt/format.h>

namespace beeline::store {
namespace {

// Below are the reserved identities (host, world, remote node, …).
constexpr std::uint32_t first_identity = 256;

}  // namespace

Identities::Identities(IdentityId last) : last_(last), numbers_(first_identity, last.value) {}

Result<IdentityId> Identities::obtain(const model::IdentityLabels& labels) {
    if (const auto known = table_.find(labels); known != table_.end()) return known->second;
    const auto number = numbers_.next();
    if (!number)
        return fail(Errc::exhausted, fmt::format("no identity left: all of {}-{} are in use (one for each "
                                                 "combination of namespace and labels)",
                                                 first_identity, last_.value));
    numbers_.take(*number);
    numbers_.resume_after(*number);
    const IdentityId id{static_cast<std::uint32_t>(*number)};
    table_.emplace(labels, id);
    ++version_;
    return id;
}

Result<> Identities::restore(const model::IdentityLabels& labels, IdentityId id) {
    const auto known = table_.find(labels);
    if (known != table_.end() && known->second == id) return {};
    if (known != table_.end())
        return fail(Errc::conflict,
                    fmt::format("identity {}: its labels have identity {}", id.value, known->second.value));
    if (id.value < first_identity || id.value > last_.value)
        return fail(Errc::invalid, fmt::format("identity {} is outside {}-{}", id.value, first_identity, last_.value));
    if (!numbers_.take(id.value))
        return fail(Errc::conflict, fmt::format("identity {} stands for other labels", id.value));
    numbers_.resume_after(id.value);
    table_.emplace(labels, id);
    ++version_;
    return {};
}

void Identities::keep_only(const std::set<IdentityId>& used) {
    ++version_;
    model::Identities kept = table_;
    for (const auto& [labels, id] : table_) {
        if (used.contains(id)) continue;
        numbers_.release(id.value);
        kept.erase(labels);
    }
    table_ = std::move(kept);
}

}  // namespace beeline::store
