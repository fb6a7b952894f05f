// beeline __complete: names for the completion script
#include <ostream>
#include <set>

#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class Complete : public Verb {
public:
    Spec spec() const override {
        return {.path = "__complete",
                .summary = "print the names the agent knows, one a line",
                .description = "",
                .examples = "beeline __complete pods",
                .hidden = true};
    }
    void declare(Declare& declare) override {
        declare.text({"what", "pods|services|policies", "Which names.", true}, what_);
    }
    Result<int> run(Context& c) override {
        const bool pods = what_ == "pods";
        const auto answer = TRY(c.agent().get(pods ? "/v1/endpoints" : "/v1/" + what_));
        std::set<std::string> names;
        for (const auto& item : list_of(answer))
            names.insert(pods ? text_at(item, "pod") : text_at(item, "namespace") + "/" + text_at(item, "name"));
        for (const auto& name : names)
            c.out() << name << "\n";
        return exit_ok;
    }

private:
    std::string what_;
};

}  // namespace

std::unique_ptr<Verb> make_complete() {
    return std::make_unique<Complete>();
}

}  // namespace beeline::cli
