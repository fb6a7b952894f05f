// The command tree as values: what help, completion and the reference are made from.
#pragma once
#include <string>
#include <vector>

namespace beeline::cli {

struct CommandOption {
    std::vector<std::string> names;  // "-f", "--file"; empty for a positional argument
    std::string metavar;             // empty: a flag
    std::string help;
    bool required = false;
    bool repeatable = false;
};

struct Command {
    std::string path;  // "beeline endpoint add"
    std::string name;  // "add"
    std::string summary{}, description{}, examples{};
    bool hidden = false;
    std::vector<CommandOption> options{}, arguments{};
    std::vector<Command> commands{};  // nouns and verbs below
};

// The values of a choice metavar: {"table", "json"} for "table|json"; empty if it is none.
std::vector<std::string> choices_of(const std::string& metavar);

// A man page. `root` brings the options every verb has.
std::string help_text(const Command& command, const Command& root);
// All of the tree as one Markdown page.
std::string reference_text(const Command& root);
// A bash completion script.
std::string completion_text(const Command& root);

}  // namespace beeline::cli
