// beeline status
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

// "NetworkPolicy demo/allow (web.yaml:3)"
std::string object_text(const json::value& object) {
    const auto ns = text_at(object, "namespace"), file = text_at(object, "file");
    auto out = fmt::format("{} {}{}{}", text_at(object, "kind"), ns, ns.empty() ? "" : "/", text_at(object, "name"));
    if (!file.empty()) out += fmt::format(" ({}:{})", file, text_at(object, "line"));
    return out;
}

struct Findings {
    std::vector<std::string> problems, failed, limits, errors, warnings;
    bool clean() const { return problems.empty() && failed.empty() && errors.empty(); }
};

Findings findings_of(const json::value& status) {
    Findings out;
    for (const auto& problem : list_at(status, "problems"))
        out.problems.push_back(text_at(problem, "text"));
    for (const auto& error : list_at(status, "errors"))
        if (error.is_string()) out.errors.emplace_back(error.get_string());
    for (const auto& warning : list_at(status, "warnings"))
        if (warning.is_string()) out.warnings.emplace_back(warning.get_string());
    for (const auto& object : list_at(status, "objects")) {
        const auto error = text_at(object, "error");
        // Of a refused document: told already, and its last good version may well be in force.
        const bool told = std::ranges::find(out.problems, error) != out.problems.end();
        if (!told && (!bool_at(object, "in_force") || !error.empty()))
            out.failed.push_back(object_text(object) + (error.empty() ? "" : ": " + error));
        for (const auto& limit : list_at(object, "limits"))
            if (limit.is_string() && limit.get_string() != error)
                out.limits.push_back(object_text(object) + ": " + std::string(limit.get_string()));
    }
    return out;
}

Cell generation_text(const json::value& status, std::int64_t now_ms) {
    const auto wanted = number_at(status, "generation.wanted"), in_force = number_at(status, "generation.in_force");
    const auto age = age_text(now_ms, number_at(status, "since_ms"));
    if (in_force == 0) return {fmt::format("{} wanted, none in force yet", wanted), Tone::warn};
    if (wanted == in_force) return {fmt::format("{}, in force for {}", in_force, age), Tone::good};
    return {fmt::format("{} wanted, {} in force for {}", wanted, in_force, age), Tone::warn};
}

void print_list(Context& c, const char* title, const std::vector<std::string>& lines, Tone tone) {
    if (lines.empty()) return;
    c.out() << "\n" << paint(title, tone, c.color()) << "\n";
    for (const auto& line : lines)
        c.out() << "  " << line << "\n";
}

class StatusVerb : public Verb {
public:
    Spec spec() const override {
        return {
            "status", "what is in force, and what is wrong",
            "Shows the node, the state (generation) that was handed to the kernel and the one that is in force, how\n"
            "many objects there are, and everything that is refused or not in force with its reason: documents\n"
            "with mistakes (their last good version stays in force), objects the kernel did not take, and parts of\n"
            "objects that this version cannot put in force.",
            "beeline status\n"
            "beeline status --check || echo 'something is wrong'\n"
            "beeline status -o json | jq .generation"};
    }
    void declare(Declare& declare) override {
        declare.flag({"--check", "", "Exit with 1 if anything is refused, failed or not in force yet."}, check_);
    }
    Result<int> run(Context& c) override {
        const auto status = TRY(c.agent().get("/v1/status"));
        const auto found = findings_of(status);
        c.show(status, [&] { print(c, status, found); });
        const bool applied = number_at(status, "generation.wanted") == number_at(status, "generation.in_force");
        return check_ && !(found.clean() && applied) ? exit_negative : exit_ok;
    }

private:
    static void print(Context& c, const json::value& status, const Findings& found) {
        Details details;
        const auto up = number_at(status, "endpoints.up"), total = number_at(status, "endpoints.total");
        details.add("Node", text_at(status, "node"));
        details.add("Agent", fmt::format("beelined {}, up {}", text_at(status, "version"),
                                         duration_text(number_at(status, "uptime_s"))));
        details.add("Generation", generation_text(status, c.now_ms()));
        if (has(status, "devices")) {
            const std::string devices = joined_at(status, "devices");
            details.add("Devices", devices.empty() ? "none" : devices);
        }
        details.add("Endpoints", {fmt::format("{} of {} up", up, total), up == total ? Tone::good : Tone::bad});
        details.add("Services", text_at(status, "services"));
        details.add("Policies", text_at(status, "policies"));
        details.add("Identities", text_at(status, "identities"));
        if (has(status, "events"))
            details.add("Events", fmt::format("{} received, {} lost, {} malformed", text_at(status, "events.received"),
                                              text_at(status, "events.lost"), text_at(status, "events.malformed")));
        details.add(
            "Problems",
            found.clean()
                ? Cell("none", Tone::good)
                : Cell(std::to_string(found.problems.size() + found.failed.size() + found.errors.size()), Tone::bad));
        details.print(c.out(), c.color());
        print_list(c, "Refused (the last good version stays in force):", found.problems, Tone::bad);
        print_list(c, "Not in force:", found.failed, Tone::bad);
        print_list(c, "Errors of the node:", found.errors, Tone::bad);
        print_list(c, "Warnings:", found.warnings, Tone::warn);
        print_list(c, "Parts that are not in force:", found.limits, Tone::warn);
    }

    bool check_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_status() {
    return std::make_unique<StatusVerb>();
}

}  // namespace beeline::cli
