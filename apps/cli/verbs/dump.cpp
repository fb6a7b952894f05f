// beeline dump
#include <ostream>
#include <ranges>

#include "api/client/target.h"
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

Tone tone_of(std::string_view line) {
    if (line.starts_with('+')) return Tone::good;
    if (line.starts_with('-')) return Tone::bad;
    return line.starts_with('~') ? Tone::warn : Tone::plain;
}

class Dump : public Verb {
public:
    Spec spec() const override {
        return {
            "dump", "one stage of the pipeline as text, one row a line",
            "snapshot  the objects in force, as they were read\n"
            "plan      the rows and attachments they become\n"
            "maps      the rows that are in the kernel\n"
            "diff      where plan and kernel differ: '+' missing in the kernel,\n"
            "          '-' there but not wanted, '~' with another value\n\n"
            "Rows are ordered, so that two dumps can be compared. `dump diff` exits with 1 if there is a difference.",
            "beeline dump plan | grep 10.96.0.10\n"
            "beeline dump snapshot > before; sleep 60; beeline dump snapshot | diff before -\n"
            "beeline dump diff && echo 'the kernel has what it should'"};
    }
    void declare(Declare& declare) override {
        declare.text({"stage", "snapshot|plan|maps|diff", "Which stage.", true}, stage_);
    }
    Result<int> run(Context& c) override {
        const auto answer = TRY(c.agent().get(api::client::target({"v1", "dump", stage_})));
        const auto text = text_at(answer, "text");
        c.show(answer, [&] { print(c, text); });
        return stage_ == "diff" && !text.empty() ? exit_negative : exit_ok;
    }

private:
    void print(Context& c, const std::string& text) const {
        if (stage_ != "diff" || !c.color()) {
            c.out() << text;
            return;
        }
        for (const auto part : std::views::split(text, '\n')) {
            const std::string_view line(part.begin(), part.end());
            if (!line.empty()) c.out() << paint(line, tone_of(line), true) << "\n";
        }
    }

    std::string stage_;
};

}  // namespace

std::unique_ptr<Verb> make_dump() {
    return std::make_unique<Dump>();
}

}  // namespace beeline::cli
