// help_text() and reference_text(): man pages from the command tree.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <ranges>

#include "apps/cli/command.h"

namespace beeline::cli {
namespace {

constexpr const char* exit_status =
    "0  done; the answer is yes\n"
    "1  the answer is no: not found, problems found, Beeline cannot run here\n"
    "2  wrong arguments, or the agent cannot be reached\n"
    "3  the agent answered with an error\n";

constexpr const char* environment =
    "BEELINE_SOCKET  the agent's Unix socket, unless --socket is given\n"
    "NO_COLOR        if set and not empty: no colour, unless --color always is given\n";

constexpr std::size_t width = 74;  // of text; with its margin it fits a terminal of 80 columns

std::string indented(std::string_view text, const std::string& indent) {
    std::string out;
    for (const auto part : std::views::split(text, '\n')) {
        const std::string_view line(part.begin(), part.end());
        out += line.empty() ? "\n" : fmt::format("{}{}\n", indent, line);
    }
    while (out.ends_with("\n\n"))
        out.pop_back();
    return out;
}

std::string section(const char* title, std::string_view text) {
    if (text.empty()) return {};
    return fmt::format("\n{}\n{}", title, indented(text, "    "));
}

// Breaks at spaces so that a line has at most `limit` characters.
std::string wrapped(const std::string& text, std::size_t limit) {
    std::string out;
    std::size_t column = 0;
    for (const auto part : std::views::split(text, ' ')) {
        const std::string word(part.begin(), part.end());
        if (column != 0 && column + 1 + word.size() > limit) {
            out += '\n';
            column = 0;
        }
        if (column != 0) out += ' ';
        column += word.size() + (column != 0 ? 1 : 0);
        out += word;
    }
    return out;
}

// Paragraphs are wrapped anew; one with two spaces in a row, or an indented line, is a list and stays as it is.
std::string reflowed(const std::string& text) {
    std::string out;
    for (const auto part : std::views::split(text, std::string_view("\n\n"))) {
        std::string paragraph(part.begin(), part.end());
        if (!paragraph.contains("  ")) {
            std::ranges::replace(paragraph, '\n', ' ');
            paragraph = wrapped(paragraph, width);
        }
        out += (out.empty() ? "" : "\n\n") + paragraph;
    }
    return out;
}

std::string usage_of(const CommandOption& option) {
    std::string out = option.names.empty() ? option.metavar : option.names.back();
    if (!option.names.empty() && !option.metavar.empty()) out += " " + option.metavar;
    if (!option.required) out = "[" + out + "]";
    return option.repeatable ? out + "..." : out;
}

std::string synopsis(const Command& command) {
    std::string out = command.path;
    if (!command.commands.empty()) out += " COMMAND";
    bool more = false;
    for (const auto& option : command.options) {
        if (option.required)
            out += " " + usage_of(option);
        else
            more = true;
    }
    for (const auto& argument : command.arguments)
        out += " " + usage_of(argument);
    return out + (more ? " [OPTION]..." : "");
}

std::string list_of(const std::vector<CommandOption>& options) {
    std::string out;
    for (const auto& option : options) {
        out += fmt::format("{}", fmt::join(option.names, ", "));
        if (!option.metavar.empty()) out += (option.names.empty() ? "" : " ") + option.metavar;
        if (option.required && !option.names.empty()) out += "  (required)";
        if (option.repeatable) out += "  (may be repeated)";
        out += "\n" + indented(wrapped(option.help, width - 4), "    ");
    }
    return out;
}

std::string list_of(const std::vector<Command>& commands) {
    std::size_t longest = 0;
    for (const auto& command : commands)
        if (!command.hidden) longest = std::max(longest, command.name.size());
    std::string out;
    for (const auto& command : commands)
        if (!command.hidden) out += fmt::format("{:<{}}  {}\n", command.name, longest, command.summary);
    return out;
}

// Those every command shows, without the ones that make a page or line of their own.
std::vector<CommandOption> without(std::vector<CommandOption> options, std::initializer_list<std::string_view> names) {
    std::erase_if(options,
                  [&](const auto& option) { return std::ranges::find(names, option.names.back()) != names.end(); });
    return options;
}

// The verb's own; of a noun, the first line of each of its verbs.
std::string examples_of(const Command& command) {
    if (command.commands.empty()) return command.examples;
    std::string out;
    for (const auto& inner : command.commands) {
        if (inner.hidden) continue;
        const auto examples = inner.commands.empty() ? inner.examples : examples_of(inner);
        for (const auto part : std::views::split(examples, '\n')) {
            const std::string_view line(part.begin(), part.end());
            if (line.starts_with('#') || !line.contains("beeline ")) continue;
            out += fmt::format("{}{}", out.empty() ? "" : "\n", line);
            break;
        }
    }
    return out;
}

// What is of this command alone.
std::string own_text(const Command& command) {
    std::string out = fmt::format("NAME\n    {} - {}\n", command.path, command.summary);
    out += section("SYNOPSIS", synopsis(command));
    out += section("DESCRIPTION", reflowed(command.description));
    out += section("COMMANDS", list_of(command.commands));
    out += section("ARGUMENTS", list_of(command.arguments));
    return out + section("OPTIONS", list_of(without(command.options, {"--help"})));
}

void add_pages(const Command& command, std::string& out) {
    if (command.hidden) return;
    out += fmt::format("\n## {}\n\n```text\n{}{}```\n", command.path, own_text(command),
                       section("EXAMPLES", examples_of(command)));
    for (const auto& inner : command.commands)
        add_pages(inner, out);
}

}  // namespace

std::vector<std::string> choices_of(const std::string& metavar) {
    const bool lower = std::ranges::none_of(metavar, [](unsigned char c) { return std::isupper(c) != 0; });
    if (!lower || metavar.empty()) return {};
    std::vector<std::string> out;
    for (const auto part : std::views::split(metavar, '|'))
        out.emplace_back(part.begin(), part.end());
    return out;
}

std::string help_text(const Command& command, const Command& root) {
    const bool top = command.path == root.path;
    auto out = own_text(command);
    if (!top) out += section("OPTIONS OF EVERY COMMAND", list_of(without(root.options, {"--version"})));
    out += section("EXAMPLES", examples_of(command));
    out += section("EXIT STATUS", exit_status);
    if (top) out += section("ENVIRONMENT", environment);
    return out;
}

std::string reference_text(const Command& root) {
    std::string out =
        "# beeline, the command line\n\n"
        "Made by `beeline __reference`: what `--help` shows of each command. The options of every command stand at "
        "the\n"
        "top one; [README.md](README.md) explains output, exit status and the way to the agent.\n";
    add_pages(root, out);
    return out;
}

}  // namespace beeline::cli
