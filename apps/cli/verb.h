// A verb of the command line: what it is called, what it takes, what it does. One verb = one file in verbs/, plus
// its line in verbs.h; argument parsing, help, completion and the reference are made from what it declares.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace beeline::cli {

class Context;

enum ExitCode : int {
    exit_ok = 0,        // done, or the answer is yes
    exit_negative = 1,  // the answer is no: not found, problems found, cannot run here
    exit_usage = 2,     // wrong arguments, or the agent cannot be reached
    exit_failed = 3,    // the agent answered with an error
};

struct Spec {
    std::string_view path;     // "status", "endpoint add"
    std::string_view summary;  // one line, no full stop
    // Paragraphs separated by empty lines; shown as they are.
    std::string_view description;
    std::string_view examples;  // lines of shell, comments with '#'
    bool hidden = false;        // works, but stands in no list
};

// An option ("-f,--file") or a positional argument ("name"). The metavar also says which values there are:
//   "a|b|c" in lower case    one of these, checked
//   FILE|DIR…                completed as files
//   NAME|PATH|PID            completed as network namespaces
//   POD, SERVICE, POLICY     (anywhere in it) completed by asking the agent
struct Option {
    const char* names;
    const char* metavar;
    const char* help;
    bool required = false;
};

// What a verb tells the parser; the references must live as long as the verb.
class Declare {
public:
    virtual ~Declare() = default;
    virtual void text(const Option& option, std::string& into) = 0;
    virtual void list(const Option& option, std::vector<std::string>& into) = 0;  // repeatable
    virtual void flag(const Option& option, bool& into) = 0;
    virtual void number(const Option& option, std::optional<unsigned>& into) = 0;
};

class Verb {
public:
    virtual ~Verb() = default;
    virtual Spec spec() const = 0;
    virtual void declare(Declare& declare);  // takes nothing unless overridden
    // The exit code, or an error of the agent or of the way to it.
    virtual Result<int> run(Context& context) = 0;
};

}  // namespace beeline::cli
