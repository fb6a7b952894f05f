#include "apps/agent/options.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "version.h"

namespace beeline::agent {
namespace {

std::string footer() {
    std::string text = "\nConfiguration file (YAML; the command line overrides it):\n";
    for (const auto& key : config_keys())
        text += fmt::format("  {:<14} {}\n  {:<14} default: {}\n", key.name, key.meaning, "", key.value);
    return text + R"(
Signals:
  TERM, INT  stop; the datapath stays in place and traffic goes on
  HUP        read log_level and masquerade.exclude of the configuration and all manifests again

Files:
  RUN_DIR/beeline.sock       the API, see docs/api/openapi.yaml
  RUN_DIR/beelined.pid       process id, while it runs
  RUN_DIR/state/             what the next agent takes over

Exit status:
  0 stopped as asked   1 could not start or run   2 wrong command line or configuration

Examples:
  beelined --manifests ./manifests
  beelined --config /etc/beeline/beeline.yaml --log-level debug
  beelined --node node-1 --pod-cidr 10.1.0.0/24 --pod-cidr fd00:1::/64 --device eth0
  beelined --probe | jq '.checks[] | select(.ok | not)'
  beelined --cleanup
)";
}

// CLI11 hands values over as text; a bad one is told by the option's name.
template <class Target, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Parse parse, Target& target) {
    return app.add_option_function<std::vector<std::string>>(name, [name, parse, &target](const auto& values) {
        for (const std::string& value : values)
            if (const Result<> ok = parse(target, value); !ok) throw CLI::ValidationError(name, ok.error().what);
    });
}

Result<> set_level(std::optional<LogLevel>& level, const std::string& text) {
    level = TRY(parse_log_level(text));
    return {};
}
Result<> set_path(std::optional<std::string>& path, const std::string& text) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(text, error);
    path = error ? text : absolute.lexically_normal().string();
    return {};
}
Result<> set_optional_path(std::optional<std::string>& path, const std::string& text) {
    if (!text.empty()) return set_path(path, text);
    path = "";
    return {};
}

void add_options(CLI::App& app, Options& options) {
    app.add_option("--config", options.config_file, "configuration file")->type_name("FILE");
    add_parsed(app, "--manifests", set_path, options.manifests)
        ->description("directory of manifests")
        ->type_name("DIR");
    app.add_option("--node", options.node, "name of this node")->type_name("NAME");
    app.add_option("--device", options.devices,
                   "device that connects this node to others, or a pattern; !PATTERN leaves out (repeatable)")
        ->type_name("NAME")
        ->allow_extra_args(false);
    add_parsed(app, "--pod-cidr", add_cidr, options.pod_cidrs)
        ->description("addresses of containers (once for IPv4, once for IPv6)")
        ->type_name("CIDR")
        ->allow_extra_args(false);
    add_parsed(app, "--service-cidr", add_cidr, options.service_cidrs)
        ->description("addresses of Services (once for IPv4, once for IPv6)")
        ->type_name("CIDR")
        ->allow_extra_args(false);
    add_parsed(app, "--bpffs", set_path, options.bpffs)->description("directory of pins")->type_name("DIR");
    add_parsed(app, "--run-dir", set_path, options.run_dir)->description("state, lock and socket")->type_name("DIR");
    add_parsed(app, "--socket", set_path, options.socket)->description("the API's Unix socket")->type_name("PATH");
    add_parsed(app, "--cgroup", set_optional_path, options.cgroup)
        ->description("cgroup v2 directory for the socket hooks; '' switches them off")
        ->type_name("DIR");
    add_parsed(app, "--log-level", set_level, options.log_level)
        ->description("trace, debug, info, warn or error")
        ->type_name("LEVEL");
}

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
    Parsed parsed;
    Options& options = parsed.options;
    CLI::App app(
        "beelined - container networking for this node, by eBPF\n\n"
        "Reads Kubernetes manifests from a directory, gives containers their network, serves ClusterIP Services and\n"
        "NetworkPolicies, and answers on a Unix socket. `beeline` talks to it.",
        "beelined");
    app.footer(footer);
    app.set_version_flag("--version", "beelined " BEELINE_VERSION);
    add_options(app, options);
    auto* probe = app.add_flag_callback(
        "--probe", [&] { options.mode = Mode::probe; },
        "print what this kernel can do as JSON; status 1 if Beeline cannot run here");
    app.add_flag_callback(
           "--cleanup", [&] { options.mode = Mode::cleanup; },
           "remove everything Beeline has put on this node: containers lose their network")
        ->excludes(probe);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& stop) {
        std::ostringstream out, err;
        const int code = app.exit(stop, out, err);
        parsed.exit = code == 0 ? Exit{0, out.str()} : Exit{2, err.str()};
    }
    return parsed;
}

Result<Config> effective_config(const Options& options) {
    Config config;
    if (!options.config_file.empty()) config = TRY(load_config(options.config_file));
    const auto overlay = [](std::string& target, const std::optional<std::string>& value) {
        if (value) target = *value;
    };
    overlay(config.manifests, options.manifests);
    overlay(config.node, options.node);
    overlay(config.bpffs, options.bpffs);
    overlay(config.run_dir, options.run_dir);
    overlay(config.socket, options.socket);
    overlay(config.cgroup, options.cgroup);
    if (options.log_level) config.log_level = *options.log_level;
    if (!options.devices.empty()) config.devices = options.devices;
    if (!options.pod_cidrs.empty()) config.pod_cidrs = options.pod_cidrs;
    if (!options.service_cidrs.empty()) config.service_cidrs = options.service_cidrs;
    return resolve(std::move(config));
}

}  // namespace beeline::agent
