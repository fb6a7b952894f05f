// Network namespaces by descriptor, and work inside them.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace beeline::kernel {

// The namespace at `path`, which must have this inode number unless it is 0. nullopt: it is gone, or the path means
// another one now. Errors: invalid if the path is something else than a network namespace.
Result<std::optional<Fd>> open_netns(const std::string& path, std::uint64_t inode);

// Runs `work` on a thread of its own inside the namespace and waits for it. The caller's thread never moves.
Result<> in_netns(const Fd& netns, const std::function<Result<>()>& work);

// Writes /proc/sys/<name> of the calling thread's namespace unless it says so already. Error: not_found if there is no
// such setting (IPv6 switched off).
Result<> set_sysctl(const std::string& name, const std::string& value);
Result<std::string> read_sysctl(const std::string& name);  // without the final newline

// SO_NETNS_COOKIE of the calling thread's network namespace; 0: this kernel does not tell (before 5.14).
std::uint64_t netns_cookie();

}  // namespace beeline::kernel
