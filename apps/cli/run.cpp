#include "apps/cli/run.h"

#include <ostream>

#include "apps/cli/parser.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

int exit_code(const Error& error) {
    // What the agent finds invalid was given to it as an argument.
    if (api::client::is_transport(error) || error.code == Errc::invalid) return exit_usage;
    return error.code == Errc::not_found ? exit_negative : exit_failed;
}

}  // namespace

int run(std::vector<std::string> args, Io& io) {
    Globals globals;
    const auto verbs = make_verbs();
    Parser parser(verbs, globals);
    const auto parsed = parser.parse(std::move(args));
    if (!parsed.error.empty()) {
        io.err << parsed.error << "\n";
        return exit_usage;
    }
    if (parsed.verb == nullptr) {
        io.out << parsed.text;
        return exit_ok;
    }
    Context context(globals, io);
    const auto result = parsed.verb->run(context);
    if (!io.out.flush()) {
        io.err << "beeline: the output could not be written\n";
        return exit_failed;
    }
    if (result) return *result;
    io.err << "beeline: " << result.error().what << "\n";
    if (!result.error().detail.empty()) io.err << result.error().detail << "\n";
    return exit_code(result.error());
}

}  // namespace beeline::cli
