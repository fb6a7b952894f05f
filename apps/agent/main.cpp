// beelined: the agent. Everything it does is in the files beside this one; here is only which of it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "api/resources.h"
#include "apps/agent/instance.h"
#include "apps/agent/log.h"
#include "apps/agent/loop.h"
#include "kernel/doctor.h"
#include "kernel/kernel.h"
#include "kernel/pins_lock.h"

namespace beeline::agent {
namespace {

constexpr int failed = 1, misused = 2;

int report(Error error, int code) {
    const bool forbidden = error.sys == EACCES || error.sys == EPERM;
    if (forbidden && ::geteuid() != 0) error.what += "; beelined needs root";
    log_error(error);
    return code;
}

int probe(const Config& config) {
    const auto checks = kernel::doctor(kernel_options(config));
    fmt::print("{}", api::doctor_response(checks).body);
    return std::ranges::any_of(checks, [](const auto& check) { return check.fatal && !check.ok; }) ? failed : 0;
}

Result<> remove(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail(Errc::io, fmt::format("{}: {}", path, error.message()), error.value());
    return {};
}

// The lock stays: who takes it away takes it from an agent that is just starting.
Result<> cleanup(const Config& config) {
    const Instance instance = TRY(Instance::claim(config.run_dir));
    const auto pins = kernel::lock_pins(config.bpffs);
    if (!pins && pins.error().code != Errc::not_found) return std::unexpected(pins.error());
    CHECK(kernel::Kernel::uninstall(kernel_options(config)));
    CHECK(remove(config.run_dir + "/state"));
    std::error_code error;
    if (std::filesystem::is_socket(config.socket, error)) CHECK(remove(config.socket));  // of one that was killed
    return {};
}

int run(const Options& options) {
    const auto config = effective_config(options);
    if (!config) return report(config.error(), misused);
    set_log_level(config->log_level);
    if (options.mode == Mode::probe) return probe(*config);
    const Result<> done = options.mode == Mode::cleanup ? cleanup(*config) : run_agent(options, *config);
    return done ? 0 : report(done.error(), failed);
}

}  // namespace
}  // namespace beeline::agent

int main(int argc, char** argv) {
    using namespace beeline::agent;
    const Parsed parsed = parse_options(argc, argv);
    if (parsed.exit) {
        fmt::print(parsed.exit->code == 0 ? stdout : stderr, "{}", parsed.exit->text);
        return parsed.exit->code;
    }
    std::signal(SIGPIPE, SIG_IGN);
    return run(parsed.options);
}
