#include "apps/cli/context.h"

#include <ostream>

#include "apps/cli/json_text.h"
#include "apps/cli/verb.h"

namespace beeline::cli {
namespace {

Format format_of(const std::string& name) {
    if (name == "json") return Format::json;
    return name == "yaml" ? Format::yaml : Format::table;
}

std::string socket_of(const Globals& globals, const Io& io) {
    if (!globals.socket.empty()) return globals.socket;
    const auto env = io.env("BEELINE_SOCKET");
    return env.empty() ? api::client::default_socket : env;
}

// https://no-color.org: set and not empty means no colour; --color goes before it.
bool color_of(const Globals& globals, const Io& io) {
    if (globals.color != "auto") return globals.color == "always";
    return io.out_is_terminal && io.env("NO_COLOR").empty() && io.env("TERM") != "dumb";
}

}  // namespace

Context::Context(const Globals& globals, Io& io)
    : io_(io),
      agent_({.socket = socket_of(globals, io), .timeout = std::chrono::seconds(globals.timeout_s)}),
      format_(format_of(globals.output)),
      color_(color_of(globals, io)) {}

void Context::show(const boost::json::value& value, const std::function<void()>& people) {
    switch (format_) {
        case Format::json:
            io_.out << to_json_text(value);
            break;
        case Format::yaml:
            io_.out << to_yaml_text(value);
            break;
        case Format::table:
            people();
            break;
    }
}

void Context::show_table(const boost::json::value& value, const std::function<Table()>& table) {
    show(value, [&] { table().print(io_.out, color_); });
}

int Context::usage(const std::string& text) {
    io_.err << "beeline: " << text << "\n";
    return exit_usage;
}

int Context::negative(const std::string& text) {
    io_.err << "beeline: " << text << "\n";
    return exit_negative;
}

}  // namespace beeline::cli
