// beeline identity list
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class IdentityList : public Verb {
public:
    Spec spec() const override {
        return {
            "identity list", "the numbers the datapath knows containers by",
            "Containers of one namespace with equal labels share an identity; policy is decided by it. The reserved\n"
            "ones (host, world, unmanaged) come first.",
            "beeline identity list\n"
            "beeline identity list -o json | jq -r '.[] | select(.endpoints == []) | .id'"};
    }
    Result<int> run(Context& c) override {
        const auto answer = TRY(c.agent().get("/v1/identities"));
        c.show_table(answer, [&] {
            Table table({"ID", "NAMESPACE", "LABELS", "ENDPOINTS"});
            table.none_are("identities");
            for (const auto& identity : list_of(answer)) {
                const bool reserved = bool_at(identity, "reserved");
                table.row({text_at(identity, "id"),
                           text_at(identity, "namespace"),
                           {reserved ? text_at(identity, "name") : labels_at(identity, "labels"),
                            reserved ? Tone::faint : Tone::plain},
                           joined_at(identity, "endpoints")});
            }
            return table;
        });
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_identity_list() {
    return std::make_unique<IdentityList>();
}

}  // namespace beeline::cli
