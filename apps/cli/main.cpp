// beeline, the command line: wiring only.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "apps/cli/run.h"
#include "base/time.h"

int main(int argc, char** argv) {
    // `beeline … | head` ends quietly, also where the parent ignores the signal.
    std::signal(SIGPIPE, SIG_DFL);
    std::ios::sync_with_stdio(false);
    const auto env = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    beeline::cli::Io io{.in = std::cin,
                        .out = std::cout,
                        .err = std::cerr,
                        .env = env,
                        .now_ms = beeline::unix_ms,
                        .out_is_terminal = ::isatty(STDOUT_FILENO) == 1};
    return beeline::cli::run({argv + 1, argv + argc}, io);
}
