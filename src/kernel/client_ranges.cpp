#include "kernel/client_ranges.h"

#include <algorithm>

namespace beeline::kernel {

template <class F>
Result<> ClientRanges<F>::load() {
    CHECK(rows_.load());
    by_frontend_.clear();
    for (const auto& [range, value] : rows_.rows())
        by_frontend_[frontend_of_range<F>(range)].insert(range);
    return {};
}

template <class F>
typename ClientRanges<F>::Keys ClientRanges<F>::keys_of(const Key& key) const {
    const auto it = by_frontend_.find(key);
    return it == by_frontend_.end() ? Keys{} : it->second;
}

template <class F>
Result<bool> ClientRanges<F>::is_as_known(const Key& key) const {
    for (const RangeKey& range : keys_of(key))
        if (!TRY(rows_.is_as_known(range))) return false;
    return true;
}

template <class F>
std::vector<Prefix> ClientRanges<F>::of(const Key& key) const {
    std::vector<Prefix> prefixes;
    for (const RangeKey& range : keys_of(key))
        prefixes.push_back(clients_of<F>(range));
    std::ranges::sort(prefixes);
    return prefixes;
}

template <class F>
Result<> ClientRanges<F>::admit(const RangeKey& range) {
    CHECK(rows_.put(range, 1));
    by_frontend_[frontend_of_range<F>(range)].insert(range);
    return {};
}

template <class F>
Result<> ClientRanges<F>::dismiss(const RangeKey& range) {
    CHECK(rows_.erase(range));
    auto it = by_frontend_.find(frontend_of_range<F>(range));
    if (it == by_frontend_.end()) return {};
    it->second.erase(range);
    if (it->second.empty()) by_frontend_.erase(it);
    return {};
}

template <class F>
bool ClientRanges<F>::stage(const Key& key, const std::vector<Prefix>& prefixes, Change& change) {
    Keys want;
    for (const Prefix& clients : prefixes)
        if (clients.addr.family == F::family) want.insert(range_key<F>(key, clients));
    const Keys now = keys_of(key);
    for (const RangeKey& range : want)
        if (!now.contains(range)) change.prepare.push_back([this, range] { return admit(range); });
    for (const RangeKey& range : now)
        if (!want.contains(range)) change.unlinks.push_back([this, range] { return dismiss(range); });
    return now.size() != want.size() || !std::ranges::equal(now, want, same_bytes<RangeKey>);
}

template <class F>
void ClientRanges<F>::stage_orphans(const std::function<bool(const Key&)>& is_orphan, Change& change) {
    for (const auto& [range, value] : rows_.rows())
        if (is_orphan(frontend_of_range<F>(range))) change.unlinks.push_back([this, range] { return dismiss(range); });
}

template class ClientRanges<V4>;
template class ClientRanges<V6>;

}  // namespace beeline::kernel
