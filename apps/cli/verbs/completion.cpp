// beeline completion
#include <ostream>

#include "apps/cli/command.h"
#include "apps/cli/context.h"
#include "apps/cli/parser.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class Completion : public Verb {
public:
    Spec spec() const override {
        return {"completion", "print a shell completion script",
                "The script completes commands, options and their values; names of pods, Services and policies are\n"
                "asked of the agent.",
                "source <(beeline completion bash)\n"
                "beeline completion bash > /etc/bash_completion.d/beeline"};
    }
    void declare(Declare& declare) override { declare.text({"shell", "bash", "The shell.", true}, shell_); }
    Result<int> run(Context& c) override {
        Globals globals;
        const auto verbs = make_verbs();
        c.out() << completion_text(Parser(verbs, globals).tree());
        return exit_ok;
    }

private:
    std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> make_completion() {
    return std::make_unique<Completion>();
}

}  // namespace beeline::cli
