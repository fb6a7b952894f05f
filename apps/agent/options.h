// The command line of beelined.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/agent/config.h"

namespace beeline::agent {

enum class Mode : std::uint8_t { run, probe, cleanup };

// What the command line says; what it leaves out is the configuration file's business.
struct Options {
    Mode mode = Mode::run;
    std::string config_file;  // empty: none
    std::optional<std::string> manifests, node, bpffs, run_dir, socket, cgroup;
    std::optional<LogLevel> log_level;
    std::vector<std::string> devices;
    std::vector<Prefix> pod_cidrs, service_cidrs;
};
// The program is over before it began: --help, --version, or a mistake.
struct Exit {
    int code = 0;
    std::string text;  // for stdout if code is 0, else for stderr
};

struct Parsed {
    Options options;
    std::optional<Exit> exit;
};
Parsed parse_options(int argc, const char* const* argv);

// Defaults, overlaid by the file, overlaid by the command line. Errors: invalid, not_found (the file).
Result<Config> effective_config(const Options& options);

}  // namespace beeline::agent
