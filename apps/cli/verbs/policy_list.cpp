// beeline policy list
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

std::string isolates(const json::value& policy) {
    const bool ingress = bool_at(policy, "isolates.ingress"), egress = bool_at(policy, "isolates.egress");
    if (ingress && egress) return "ingress, egress";
    if (ingress) return "ingress";
    return egress ? "egress" : "";
}

Cell state_of(const json::value& policy) {
    if (!bool_at(policy, "in_force")) return {"pending", Tone::bad};
    if (!list_at(policy, "limits").empty()) return {"in part", Tone::warn};
    return {"in force", Tone::good};
}

class PolicyList : public Verb {
public:
    Spec spec() const override {
        return {"policy list", "NetworkPolicies and whom they select",
                "One line a NetworkPolicy. SELECTED counts the containers of this node. A policy is in force in part\n"
                "when it uses something this version cannot enforce; `beeline policy get` says what.",
                "beeline policy list\n"
                "beeline policy list -o json | jq -r '.[] | select(.limits != []) | .name'"};
    }
    Result<int> run(Context& c) override {
        const auto answer = TRY(c.agent().get("/v1/policies"));
        c.show_table(answer, [&] {
            Table table({"NAMESPACE", "NAME", "PODS", "ISOLATES", "RULES", "SELECTED", "STATE"});
            table.none_are("policies");
            for (const auto& policy : list_of(answer))
                table.row({text_at(policy, "namespace"), text_at(policy, "name"), text_at(policy, "selector"),
                           isolates(policy), std::to_string(list_at(policy, "rules").size()),
                           std::to_string(list_at(policy, "selected").size()), state_of(policy)});
            return table;
        });
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_policy_list() {
    return std::make_unique<PolicyList>();
}

}  // namespace beeline::cli
