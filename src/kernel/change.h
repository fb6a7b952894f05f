// What one item of a plan (a frontend, an endpoint, an identity) needs done, sorted by the steps of the epoch
// protocol (docs/datapath/flow-table.md). Steps of all items run together, see transaction.h.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace beeline::kernel {

using Op = std::function<Result<>()>;
using Slots = std::set<std::uint16_t>;                                     // of bl_epochs
using Item = std::variant<std::monostate, EndpointId, plan::FrontendKey>;  // monostate: neither, errors are the node's

struct Change {
    Item item{};
    std::vector<Op> prepare{};       // (1) rows nobody points to yet
    std::vector<Op> switches{};      // (2) rows that packets meet
    std::vector<Op> unlinks{};       // (2) rows that packets must not meet any more; after the switches of all items
    std::vector<Op> ups{};           // (2) links up, last of all
    Slots slots{};                   // (3) and (5)
    std::vector<Op> retire{};        // (6) what nobody can reach any more
    bool removal = false;            // the item leaves; its status goes with it
    std::optional<Error> error{};    // the first; later steps of the item are left out, except slots and retire
    std::optional<Error> refused{};  // why the item is not as wanted although its steps run

    bool empty() const {
        return prepare.empty() && switches.empty() && unlinks.empty() && ups.empty() && slots.empty() && retire.empty();
    }
};

}  // namespace beeline::kernel
