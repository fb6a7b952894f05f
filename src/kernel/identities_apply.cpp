#include "kernel/identities_apply.h"

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

abi::IdentityRow wire_row(IdentityId identity) {
    return {0, identity.value, identity.value == abi::identity_host ? abi::identity_is_node : 0u};
}

template <class WireAddr>
void stage_one(Table<WireAddr, abi::IdentityRow>& rows, const Addr& addr, IdentityId identity,
               std::vector<Change>& changes) {
    const WireAddr key = wire_addr<WireAddr>(addr);
    const abi::IdentityRow row = wire_row(identity);
    if (!rows.differs(key, row)) return;
    Change& change = changes.emplace_back();
    change.prepare.push_back([&rows, key, row] { return rows.put(key, row); });
    change.slots.insert(abi::slot_addr(key));
}

template <class WireAddr>
void stage_removals(Table<WireAddr, abi::IdentityRow>& rows, const IdentitiesApply::Identities& want,
                    std::vector<Change>& changes) {
    for (const auto& [key, row] : rows.rows()) {
        if (want.contains(value_addr(key))) continue;
        Change& change = changes.emplace_back();
        change.unlinks.push_back([&rows, key] { return rows.erase(key); });
        change.slots.insert(abi::slot_addr(key));
    }
}

}  // namespace

Result<> IdentitiesApply::load() {
    CHECK(rows4_.load());
    return rows6_.load();
}

void IdentitiesApply::stage(const Identities& want, std::vector<Change>& changes) {
    for (const auto& [addr, identity] : want) {
        if (addr.v4())
            stage_one(rows4_, addr, identity, changes);
        else
            stage_one(rows6_, addr, identity, changes);
    }
    stage_removals(rows4_, want, changes);
    stage_removals(rows6_, want, changes);
}

IdentitiesApply::Identities IdentitiesApply::view() const {
    Identities view;
    for (const auto& [key, row] : rows4_.rows())
        view.emplace(value_addr(key), IdentityId{row.identity});
    for (const auto& [key, row] : rows6_.rows())
        view.emplace(value_addr(key), IdentityId{row.identity});
    return view;
}

}  // namespace beeline::kernel
