// beeline __reference: docs/cli/reference.md
#include <ostream>

#include "apps/cli/command.h"
#include "apps/cli/context.h"
#include "apps/cli/parser.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class Reference : public Verb {
public:
    Spec spec() const override {
        return {.path = "__reference",
                .summary = "print the reference of this program as Markdown",
                .description = "",
                .examples = "beeline __reference > docs/cli/reference.md",
                .hidden = true};
    }
    Result<int> run(Context& c) override {
        Globals globals;
        const auto verbs = make_verbs();
        c.out() << reference_text(Parser(verbs, globals).tree());
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_reference() {
    return std::make_unique<Reference>();
}

}  // namespace beeline::cli
