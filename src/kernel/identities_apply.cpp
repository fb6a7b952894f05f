#include "kernel/identities_apply.h"

#include "kernel/family.h"
#include "plan/node_ports.h"

namespace beeline::kernel {
namespace {

abi::IdentityRow wire_row(const Addr& addr, IdentityId identity, const std::vector<Prefix>& node_ports) {
    if (identity.value != abi::identity_host) return {0, identity.value, 0};
    const abi::u32 answers = plan::has_node_ports(node_ports, addr) ? abi::identity_node_port : 0u;
    return {0, identity.value, abi::identity_is_node | answers};
}

template <class WireAddr>
void stage_one(Table<WireAddr, abi::IdentityRow>& rows, const Addr& addr, const abi::IdentityRow& row,
               std::vector<Change>& changes) {
    const WireAddr key = wire_addr<WireAddr>(addr);
    if (!rows.differs(key, row)) return;
    Change& change = changes.emplace_back();
    change.prepare.push_back([&rows, key, row] { return rows.put(key, row); });
    change.slots.insert(abi::slot_addr(key));
    // A flow to a node port depends on the port's counter, not on the address's.
    const abi::IdentityRow* now = rows.find(key);
    if (now != nullptr && now->identity == row.identity) change.slots.insert(abi::slot_global);
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

void IdentitiesApply::stage(const Identities& want, const std::vector<Prefix>& node_ports,
                            std::vector<Change>& changes) {
    for (const auto& [addr, identity] : want) {
        const abi::IdentityRow row = wire_row(addr, identity, node_ports);
        if (addr.v4())
            stage_one(rows4_, addr, row, changes);
        else
            stage_one(rows6_, addr, row, changes);
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
