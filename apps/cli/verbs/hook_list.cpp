// beeline hook list
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class HookList : public Verb {
public:
    Spec spec() const override {
        return {
            "hook list", "which program sits on which device and hook",
            "One line a program that is attached, as the kernel reports it. ID and TAG are those of `bpftool prog`;\n"
            "LINK is the number of the link, empty for a clsact filter. OWNER is whom the program serves.",
            "beeline hook list\n"
            "bpftool prog dump xlated id $(beeline hook list -o json | jq -r '.[0].program_id')"};
    }
    Result<int> run(Context& c) override {
        const auto answer = TRY(c.agent().get("/v1/hooks"));
        c.show_table(answer, [&] {
            Table table({"DEVICE", "HOOK", "PROGRAM", "ID", "TAG", "LINK", "OWNER"});
            table.none_are("programs attached");
            for (const auto& hook : list_of(answer)) {
                const auto link = text_at(hook, "link_id");
                table.row({text_at(hook, "device"), text_at(hook, "hook"), text_at(hook, "program"),
                           text_at(hook, "program_id"), text_at(hook, "tag"), link == "0" ? "" : link,
                           text_at(hook, "owner")});
            }
            return table;
        });
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_hook_list() {
    return std::make_unique<HookList>();
}

}  // namespace beeline::cli
