// completion_text(): a bash script made from the command tree. It needs bash alone, not the bash-completion package.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/cli/command.h"

namespace beeline::cli {
namespace {

constexpr const char* head = R"bash(# bash completion for beeline, made by 'beeline completion bash'
__beeline_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
__beeline_names() { __beeline_words "$("${COMP_WORDS[0]}" --timeout 1 __complete "$1" 2>/dev/null)"; }
__beeline_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
}
__beeline_netns() {
    __beeline_files
    COMPREPLY+=($(compgen -W "$(ls /var/run/netns 2>/dev/null)" -- "$cur"))
}
_beeline() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path=beeline i
    COMPREPLY=()
    if [[ $cur == "=" ]]; then
        cur=""
    elif [[ $prev == "=" ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${COMP_WORDS[i]}" in
)bash";

constexpr const char* tail = R"bash(    esac
}
complete -F _beeline beeline
)bash";

std::string action_of(const std::string& metavar) {
    const auto has = [&](const char* word) { return metavar.find(word) != std::string::npos; };
    if (const auto choices = choices_of(metavar); !choices.empty())
        return fmt::format("__beeline_words \"{}\"", fmt::join(choices, " "));
    if (has("PID")) return "__beeline_netns";
    if (has("FILE") || has("DIR")) return "__beeline_files";
    if (has("POD")) return "__beeline_names pods";
    if (has("SERVICE")) return "__beeline_names services";
    if (has("POLICY")) return "__beeline_names policies";
    return ":";  // a value nobody can guess
}

void add_paths(const Command& command, std::string& out) {
    for (const auto& inner : command.commands) {
        if (!inner.hidden) out += fmt::format("            \"{0}\") path=\"{0}\" ;;\n", inner.path);
        add_paths(inner, out);
    }
}

// What may follow an option that takes a value; the options of the root are accepted everywhere.
void add_values(const Command& command, bool root, std::string& out) {
    for (const auto& option : command.options) {
        if (option.metavar.empty()) continue;
        std::vector<std::string> patterns;
        patterns.reserve(option.names.size());
        for (const auto& name : option.names)
            patterns.push_back(root ? fmt::format("*\"|{}\"", name) : fmt::format("\"{}|{}\"", command.path, name));
        out += fmt::format("        {})\n            {}\n            return\n            ;;\n",
                           fmt::join(patterns, " | "), action_of(option.metavar));
    }
    for (const auto& inner : command.commands)
        if (!inner.hidden) add_values(inner, false, out);
}

std::string options_of(const Command& command, const Command& root) {
    std::vector<std::string> names;
    for (const auto& option : command.options)
        names.insert(names.end(), option.names.begin(), option.names.end());
    if (command.path != root.path)
        for (const auto& option : root.options)
            if (option.names.back() != "--help" && option.names.back() != "--version")
                names.push_back(option.names.back());
    return fmt::format("{}", fmt::join(names, " "));
}

void add_words(const Command& command, const Command& root, std::string& out) {
    std::string words;
    for (const auto& inner : command.commands)
        if (!inner.hidden) words += (words.empty() ? "" : " ") + inner.name;
    std::string action = words.empty() ? ":" : fmt::format("__beeline_words \"{}\"", words);
    if (!command.arguments.empty()) action = action_of(command.arguments.front().metavar);
    out += fmt::format("        \"{}\")\n", command.path);
    out += fmt::format("            if [[ $cur == -* ]]; then __beeline_words \"{}\"; else {}; fi\n            ;;\n",
                       options_of(command, root), action);
    for (const auto& inner : command.commands)
        if (!inner.hidden) add_words(inner, root, out);
}

}  // namespace

std::string completion_text(const Command& root) {
    std::string out = head;
    add_paths(root, out);
    out += "        esac\n    done\n    case \"$path|$prev\" in\n";
    add_values(root, true, out);
    out += "    esac\n    case $path in\n";
    add_words(root, root, out);
    return out + tail;
}

}  // namespace beeline::cli
