// Arguments -> the verb to run, with its members filled in. The only file that knows the argument library.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/command.h"
#include "apps/cli/context.h"
#include "apps/cli/verb.h"

namespace beeline::cli {

using Verbs = std::vector<std::unique_ptr<Verb>>;

struct Parsed {
    Verb* verb = nullptr;
    std::string text{};   // to print instead of running a verb: help, version
    std::string error{};  // what is wrong with the arguments
};

class Parser {
public:
    // Both must outlive the parser.
    Parser(const Verbs& verbs, Globals& globals);
    ~Parser();
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    // Once; without the program's name.
    Parsed parse(std::vector<std::string> args);
    Command tree() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace beeline::cli
