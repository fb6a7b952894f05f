#include "ebpf/mounts.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <fstream>
#include <sstream>

namespace ebpf {

namespace {
// Spaces, tabs, newlines and backslashes stand there as \ooo.
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); i++) {
        if (text[i] != '\\' || i + 3 >= text.size()) {
            plain += text[i];
            continue;
        }
        plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
        i += 3;
    }
    return plain;
}

// A later mount may hide one, over the same path or above it.
bool visible(const std::string& point, std::string_view type) {
    struct statfs found{};
    if (::statfs(point.c_str(), &found) != 0) return false;
    const auto magic = static_cast<std::uint64_t>(found.f_type);
    return magic == (type == "cgroup2" ? CGROUP2_SUPER_MAGIC : BPF_FS_MAGIC);
}
}  // namespace

std::optional<std::string> mount_point_of(std::string_view line, std::string_view type) {
    constexpr std::string_view separator = " - ";  // ends the optional fields; what follows is the type
    const std::size_t end = line.find(separator);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = line.substr(end + separator.size());
    if (rest.substr(0, rest.find(' ')) != type) return std::nullopt;
    std::istringstream fields{std::string(line.substr(0, end))};
    std::string id, parent, device, root, point;
    if (!(fields >> id >> parent >> device >> root >> point)) return std::nullopt;
    return unescaped(point);
}

Result<std::string> mounted_path(std::string_view type) {
    std::ifstream table("/proc/self/mountinfo");
    for (std::string line; std::getline(table, line);)
        if (auto point = mount_point_of(line, type); point && visible(*point, type)) return *point;
    return fail(Errc::not_found, "no " + std::string(type) + " file system is mounted");
}

}  // namespace ebpf
