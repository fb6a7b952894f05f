// beeline policy get
#include <ostream>

#include "api/client/target.h"
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

std::string selected_text(const json::value& policy) {
    std::string out;
    for (const auto& endpoint : list_at(policy, "selected"))
        out += (out.empty() ? "" : ", ") + text_at(endpoint, "pod") + " (" + text_at(endpoint, "id") + ")";
    return out.empty() ? "no container of this node" : out;
}

void print(Context& c, const json::value& policy) {
    const auto closed = [&](const char* path) {
        return bool_at(policy, path) ? "only what the rules allow" : "not restricted by this policy";
    };
    const auto file = text_at(policy, "file");
    const bool in_force = bool_at(policy, "in_force");
    Details details;
    details.add("NetworkPolicy", text_at(policy, "namespace") + "/" + text_at(policy, "name"));
    details.add("Pods", text_at(policy, "selector"));
    details.add("Selected", selected_text(policy));
    details.add("Ingress", closed("isolates.ingress"));
    details.add("Egress", closed("isolates.egress"));
    details.add("State", {in_force ? "in force" : "not in force", in_force ? Tone::good : Tone::bad});
    details.add("File", file.empty() ? "" : file + ":" + text_at(policy, "line"));
    details.print(c.out(), c.color());
    c.out() << "\n";
    Table table({"RULE", "ALLOWS", "ID"});
    table.none_are("rules");
    for (const auto& rule : list_at(policy, "rules"))
        table.row({text_at(rule, "direction") + "[" + text_at(rule, "index") + "]", text_at(rule, "text"),
                   text_at(rule, "id")});
    table.print(c.out(), c.color());
    for (const auto& limit : list_at(policy, "limits"))
        if (limit.is_string())
            c.out() << paint("not enforced: ", Tone::warn, c.color()) << limit.get_string().c_str() << "\n";
}

class PolicyGet : public Verb {
public:
    Spec spec() const override {
        return {
            "policy get", "one NetworkPolicy with its rules and the containers it selects",
            "Shows a policy in words: whom it selects, what it allows, and which parts this version cannot enforce.\n"
            "The ids of the rules are those of `beeline observe` and of the map rows. Exits with 1 if there is no\n"
            "such policy.",
            "beeline policy get demo/allow-client\n"
            "beeline policy get demo/allow-client -o yaml"};
    }
    void declare(Declare& declare) override {
        declare.text({"policy", "POLICY", "namespace/name; without a namespace: default.", true}, word_);
    }
    Result<int> run(Context& c) override {
        const auto name = object_name(word_);
        if (!name) return c.usage(name.error().what);
        const auto policy = TRY(c.agent().get(api::client::target({"v1", "policies", name->ns, name->name})));
        c.show(policy, [&] { print(c, policy); });
        return exit_ok;
    }

private:
    std::string word_;
};

}  // namespace

std::unique_ptr<Verb> make_policy_get() {
    return std::make_unique<PolicyGet>();
}

}  // namespace beeline::cli
