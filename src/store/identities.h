// Which number stands for which labels. All labels of a pod count, also those that controllers add
// (pod-template-hash, controller-revision-hash, statefulset.kubernetes.io/pod-name, …): a NetworkPolicy may select
// by any of them, and two pods that one selector tells apart must not share an identity.
#pragma once
#include <set>
#include <utility>
#include <vector>

#include "model/snapshot.h"
#include "store/allocator.h"

namespace beeline::store {

using IdentityTable = std::vector<std::pair<model::IdentityLabels, IdentityId>>;

class Identities {
public:
    explicit Identities(IdentityId last);

    // The number of these labels, a new one if they have none. Errors: exhausted.
    Result<IdentityId> obtain(const model::IdentityLabels& labels);
    // As it was before a restart. Errors: conflict (the labels have, or the number stands for, something else),
    // invalid (a number out of range).
    Result<> restore(const model::IdentityLabels& labels, IdentityId id);
    // Forgets all numbers but these. Only called when none is left: as long as a number is known, its meaning
    // stays, for flows seen earlier and for pods that come back.
    void keep_only(const std::set<IdentityId>& used);

    const model::Identities& table() const { return table_; }
    // A larger number after every change of the table.
    std::uint64_t version() const { return version_; }

private:
    model::Identities table_;
    IdentityId last_;
    Rotor numbers_;
    std::uint64_t version_ = 0;
};

}  // namespace beeline::store
