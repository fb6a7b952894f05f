// Pins: names in a bpffs that keep programs, maps and links alive without a process.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ebpf/result.h"

namespace ebpf {

enum class PinKind { program, map, link, directory, other };
const char* pin_kind_name(PinKind kind);

struct Pin {
    std::string name, path;
    PinKind kind = PinKind::other;
};

// Errc::invalid if bpffs could not keep this name: empty, ".", "..", with a dot or a slash, longer than 255.
Result<void> check_pin_name(std::string_view name);

bool on_bpffs(const std::string& path);
// Makes the directory, and mounts a bpffs on it unless it already lies in one. true: it was mounted now.
Result<bool> ensure_bpffs(const std::string& path);
// mkdir -p.
Result<void> make_pin_directory(const std::string& path);

// Errc::exists if there is something at path.
Result<void> pin_fd(int fd, const std::string& path);
// Puts fd's object in the place of whatever stands at path, in one step.
Result<void> replace_pin(int fd, const std::string& path);
// false: there was none.
Result<bool> remove_pin(const std::string& path);
bool pin_exists(const std::string& path);
// Entries of a directory, by name.
Result<std::vector<Pin>> list_pins(const std::string& directory);

}  // namespace ebpf
