#include "apps/cli/parser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <map>
#include <ranges>

#include "apps/cli/verbs.h"
#include "version.h"

namespace beeline::cli {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string choice_error(const std::vector<std::string>& choices, const std::string& value) {
    if (std::ranges::find(choices, value) != choices.end()) return {};
    return fmt::format("'{}' is none of {}", value, fmt::join(choices, ", "));
}

class Binder : public Declare {
public:
    explicit Binder(CLI::App& app) : app_(app) {}

    void text(const Option& option, std::string& into) override {
        with_value(option, *app_.add_option(option.names, into, option.help));
    }
    void list(const Option& option, std::vector<std::string>& into) override {
        // One value an occurrence: what follows may be a positional argument.
        auto& added = *app_.add_option(option.names, into, option.help);
        added.allow_extra_args(added.get_positional());
        with_value(option, added);
    }
    void flag(const Option& option, bool& into) override { app_.add_flag(option.names, into, option.help); }
    void number(const Option& option, std::optional<unsigned>& into) override {
        with_value(option, *app_.add_option(option.names, into, option.help));
    }

private:
    static void with_value(const Option& option, CLI::Option& added) {
        added.type_name(option.metavar)->required(option.required);
        const auto choices = choices_of(option.metavar);
        if (choices.empty()) return;
        added.transform(lower);
        added.check([choices](const std::string& value) { return choice_error(choices, value); }, "", "choice");
    }

    CLI::App& app_;
};

void declare_globals(CLI::App& app, Globals& globals) {
    Binder binder(app);
    binder.text({"-o,--output", "table|json|yaml", "How to print the answer; table is for people."}, globals.output);
    binder.text({"--socket", "FILE",
                 "The agent's Unix socket; otherwise BEELINE_SOCKET, otherwise /var/run/beeline/beeline.sock."},
                globals.socket);
    binder.text({"--color", "auto|always|never", "Colour; auto: on a terminal, unless NO_COLOR is set."},
                globals.color);
    app.add_option("--timeout", globals.timeout_s, "How long to wait for an answer of the agent; 10 if not given.")
        ->type_name("SECONDS")
        ->check([](const std::string& text) { return text == "0" ? "must be at least 1" : ""; }, "", "positive");
}

CommandOption option_of(const CLI::Option& option) {
    CommandOption out;
    for (const auto& name : option.get_snames())
        out.names.push_back("-" + name);
    for (const auto& name : option.get_lnames())
        out.names.push_back("--" + name);
    if (option.get_expected_max() != 0) out.metavar = option.get_type_name();
    out.help = option.get_description();
    out.required = option.get_required();
    out.repeatable = option.get_expected_max() > 1;
    return out;
}

// The innermost command the arguments named.
CLI::App* chosen(CLI::App* app) {
    while (!app->get_subcommands().empty())
        app = app->get_subcommands().front();
    return app;
}

std::string path_of(const CLI::App* app) {
    return app->get_parent() == nullptr ? app->get_name() : path_of(app->get_parent()) + " " + app->get_name();
}

std::string commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        if (!command->get_group().empty()) names.push_back(command->get_name());
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string parse_error(CLI::App& root, const CLI::ParseError& error) {
    const auto& app = *chosen(&root);
    const auto path = path_of(&app);
    const auto rest = root.remaining(true);
    const bool inner = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
    const auto hint = fmt::format("\nTry '{} --help'.", path);
    if (inner && rest.empty()) return fmt::format("{}: a command is missing: {}{}", path, commands_of(app), hint);
    if (inner) return fmt::format("{}: there is no command '{}', but: {}{}", path, rest[0], commands_of(app), hint);
    if (!rest.empty()) return fmt::format("{}: unexpected argument '{}'{}", path, rest[0], hint);
    return fmt::format("{}: {}{}", path, error.what(), hint);
}

}  // namespace

struct Parser::State {
    const Verbs& verbs;
    CLI::App app{"the command line of Beeline, container networking with eBPF", "beeline"};
    std::map<const CLI::App*, Verb*> by_app{};

    // The command for "endpoint add", made with its noun where needed.
    CLI::App& command(std::string_view path) {
        CLI::App* at = &app;
        for (const auto part : std::views::split(path, ' ')) {
            const std::string name(part.begin(), part.end());
            const auto same = at->get_subcommands([&](const CLI::App* inner) { return inner->get_name() == name; });
            auto* found = same.empty() ? at->add_subcommand(name)->fallthrough() : same.front();
            if (at != &app) at->description(std::string(noun_summary(at->get_name())));
            at->require_subcommand(1);
            at = found;
        }
        return *at;
    }

    Command command_of(const CLI::App& at) const {
        Command out{.path = path_of(&at), .name = at.get_name(), .summary = at.get_description()};
        if (const auto verb = by_app.find(&at); verb != by_app.end()) {
            const auto spec = verb->second->spec();
            out.summary = spec.summary;
            out.description = spec.description;
            out.examples = spec.examples;
            out.hidden = spec.hidden;
        }
        for (const auto* option : at.get_options())
            (option->get_positional() ? out.arguments : out.options).push_back(option_of(*option));
        for (const auto* inner : at.get_subcommands([](const CLI::App*) { return true; }))
            out.commands.push_back(command_of(*inner));
        return out;
    }
};

Parser::Parser(const Verbs& verbs, Globals& globals) : state_(std::make_unique<State>(verbs)) {
    auto& app = state_->app;
    app.set_help_flag("-h,--help", "Show this help.");
    app.set_version_flag("--version", "beeline " BEELINE_VERSION, "Print the version of this program.");
    declare_globals(app, globals);
    for (const auto& verb : verbs) {
        const auto spec = verb->spec();
        auto& command = state_->command(spec.path);
        command.description(std::string(spec.summary));
        if (spec.hidden) command.group("");
        Binder binder(command);
        verb->declare(binder);
        state_->by_app[&command] = verb.get();
    }
}

Parser::~Parser() = default;

Command Parser::tree() const {
    return state_->command_of(state_->app);
}

Parsed Parser::parse(std::vector<std::string> args) {
    if (!args.empty() && args[0] == "help") {
        args.erase(args.begin());
        args.emplace_back("--help");
    }
    std::ranges::reverse(args);  // what the library's vector overload expects
    auto& app = state_->app;
    try {
        app.parse(args);
    } catch (const CLI::CallForHelp&) {
        return {.text = help_text(state_->command_of(*chosen(&app)), tree())};
    } catch (const CLI::CallForVersion&) {
        return {.text = "beeline " BEELINE_VERSION "\n"};
    } catch (const CLI::ParseError& error) {
        return {.error = parse_error(app, error)};
    }
    return {.verb = state_->by_app.at(chosen(&app))};
}

}  // namespace beeline::cli
