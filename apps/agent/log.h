// The agent's log: one line a message on standard error, with time and level.
#pragma once
#include <string>

#include "apps/agent/config.h"

namespace beeline::agent {

void set_log_level(LogLevel level);
void log_debug(const std::string& text);
void log_info(const std::string& text);
void log_warn(const std::string& text);
void log_error(const std::string& text);
// With its long text, line by line, if it has one.
void log_error(const Error& error);

}  // namespace beeline::agent
