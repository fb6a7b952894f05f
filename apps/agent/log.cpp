#include "apps/agent/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace beeline::agent {
namespace {

spdlog::logger& logger() {
    static const auto made = [] {
        auto log = spdlog::stderr_logger_mt("beelined");
        log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
        log->flush_on(spdlog::level::trace);
        return log;
    }();
    return *made;
}

}  // namespace

void set_log_level(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return logger().set_level(spdlog::level::trace);
        case LogLevel::debug:
            return logger().set_level(spdlog::level::debug);
        case LogLevel::info:
            return logger().set_level(spdlog::level::info);
        case LogLevel::warn:
            return logger().set_level(spdlog::level::warn);
        case LogLevel::error:
            return logger().set_level(spdlog::level::err);
    }
}

void log_debug(const std::string& text) {
    logger().debug("{}", text);
}
void log_info(const std::string& text) {
    logger().info("{}", text);
}
void log_warn(const std::string& text) {
    logger().warn("{}", text);
}
void log_error(const std::string& text) {
    logger().error("{}", text);
}

void log_error(const Error& error) {
    log_error(error.what);
    std::istringstream lines(error.detail);
    for (std::string line; std::getline(lines, line);)
        log_error("  " + line);
}

}  // namespace beeline::agent
