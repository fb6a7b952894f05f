// beeline doctor
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <cerrno>
#include <ostream>

#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/process.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

Cell result_of(const json::value& check) {
    if (bool_at(check, "ok")) return {"ok", Tone::good};
    if (bool_at(check, "fatal")) return {"FAILED", Tone::bad};
    return {"falls back", Tone::warn};
}

bool agent_is_down(const Error& error) {
    return error.sys == ENOENT || error.sys == ECONNREFUSED;
}

class Doctor : public Verb {
public:
    Spec spec() const override {
        return {
            "doctor", "can Beeline run here, and what falls back",
            "Checks what Beeline needs of the kernel and of the node: features, the JIT, bpffs, cgroup v2. A check\n"
            "that is missing but not fatal says what is used instead. The running agent is asked; if none runs,\n"
            "`beelined --probe`, which needs the same rights as the agent (root).\n\n"
            "Exits with 1 and the reasons if Beeline cannot run here.",
            "beeline doctor\n"
            "sudo beeline doctor -o json | jq '.checks[] | select(.ok | not)'"};
    }
    Result<int> run(Context& c) override {
        auto report = c.agent().get("/v1/doctor");
        if (!report && agent_is_down(report.error())) report = probe(c, report.error());
        if (!report) return std::unexpected(report.error());
        const bool ok = bool_at(*report, "ok");
        c.show(*report, [&] { print(c, *report); });
        return ok ? exit_ok : exit_negative;
    }

private:
    static Result<json::value> probe(Context& c, const Error& down) {
        const auto program = find_program("beelined", program_folders(c.env("PATH")));
        if (!program) return fail(down.what + ". And no probe without it: ", transport(program.error()));
        c.err() << "beeline: no agent runs; asking " << *program << " --probe\n";
        const auto text = TRY(output_of(*program, {"--probe"}));
        boost::system::error_code ec;
        auto report = json::parse(text, ec);
        if (ec || list_at(report, "checks").empty())
            return fail(Errc::io, *program + " --probe printed no report: run it by hand to see why", EPROTO);
        return report;
    }

    // Nobody could be asked: the same exit code as an agent that is not there.
    static Error transport(Error error) {
        error.sys = ENOENT;
        return error;
    }

    static void print(Context& c, const json::value& report) {
        Table table({"CHECK", "RESULT", "DETAIL"});
        std::string failed;
        for (const auto& check : list_at(report, "checks")) {
            table.row({text_at(check, "name"), result_of(check), text_at(check, "detail")});
            if (!bool_at(check, "ok") && bool_at(check, "fatal"))
                failed += (failed.empty() ? "" : ", ") + text_at(check, "name");
        }
        table.print(c.out(), c.color());
        c.out() << "\n"
                << (bool_at(report, "ok") ? paint("Beeline can run here.", Tone::good, c.color())
                                          : paint("Beeline cannot run here: " + failed, Tone::bad, c.color()))
                << "\n";
    }
};

}  // namespace

std::unique_ptr<Verb> make_doctor() {
    return std::make_unique<Doctor>();
}

}  // namespace beeline::cli
