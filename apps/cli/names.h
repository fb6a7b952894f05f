// How objects are named on the command line.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace beeline::cli {

struct ObjectName {
    std::string ns;
    std::string name;
};

// "namespace/name", or "name" in the namespace "default". Errors: invalid.
Result<ObjectName> object_name(std::string_view text);

// True for a number of an endpoint: decimal digits only.
bool is_number(std::string_view text);

// The network namespace an argument means, as an absolute path: digits are a process id (/proc/PID/ns/net), text with
// a slash a path, anything else a name made by `ip netns add` (/var/run/netns/NAME). Errors: invalid.
Result<std::string> netns_path(std::string_view text);

// "10.244.1.2:80", "[fd00::2]:80"; port 0: without one.
std::string addr_port(std::string_view addr, std::int64_t port);

}  // namespace beeline::cli
