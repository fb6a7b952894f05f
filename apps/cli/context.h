// What a verb works with: the agent, where to write, and how.
#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "api/client/client.h"
#include "apps/cli/table.h"

namespace beeline::cli {

enum class Format { table, json, yaml };

// The options every verb has, as given.
struct Globals {
    std::string socket;
    std::string output = "table";
    std::string color = "auto";
    unsigned timeout_s = 10;
};

// The process around the command line; tests bring their own.
struct Io {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    std::function<std::string(const char*)> env;  // empty: not set
    std::function<std::int64_t()> now_ms;         // Unix time
    bool out_is_terminal = false;
};

class Context {
public:
    Context(const Globals& globals, Io& io);

    const api::client::Client& agent() const { return agent_; }
    std::istream& in() { return io_.in; }
    std::ostream& out() { return io_.out; }
    std::ostream& err() { return io_.err; }
    std::int64_t now_ms() const { return io_.now_ms(); }
    std::string env(const char* name) const { return io_.env(name); }
    Format format() const { return format_; }
    bool color() const { return color_; }

    // The value as JSON or YAML, or what `people` makes of it for people.
    void show(const boost::json::value& value, const std::function<void()>& people);
    void show_table(const boost::json::value& value, const std::function<Table()>& table);

    // "beeline: text" on the error stream; returns exit_usage, exit_negative.
    int usage(const std::string& text);
    int negative(const std::string& text);

private:
    Io& io_;
    api::client::Client agent_;
    Format format_;
    bool color_;
};

}  // namespace beeline::cli
