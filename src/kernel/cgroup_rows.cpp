#include "kernel/cgroup_rows.h"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <cerrno>
#include <cstring>

#include "abi/config.h"

namespace beeline::kernel {
namespace {

constexpr long cgroup2_magic = 0x63677270;  // CGROUP2_SUPER_MAGIC of linux/magic.h

Result<std::uint64_t> cgroup_id(const std::string& path) {
    struct statfs system{};
    struct stat info{};
    if (::statfs(path.c_str(), &system) < 0 || ::stat(path.c_str(), &info) < 0)
        return fail(Errc::not_found, path + ": " + std::strerror(errno), errno);
    if (system.f_type != cgroup2_magic || !S_ISDIR(info.st_mode))
        return fail(Errc::invalid, path + ": is no directory of cgroup v2");
    return info.st_ino;
}

}  // namespace

std::vector<std::string> read_cgroups(const Options& options, CgroupRows& rows) {
    std::vector<std::string> problems;
    const auto add = [&](const std::vector<std::string>& paths, abi::CgroupSockets what) {
        for (const std::string& path : paths) {
            const auto id = cgroup_id(path);
            if (id)
                rows[*id] = what;
            else
                problems.push_back("cgroup: " + id.error().what);
        }
    };
    add(options.sockets_include, abi::cgroup_translated);
    add(options.sockets_exclude, abi::cgroup_left_alone);
    return problems;
}

Result<> write_cgroups(MapIo& map, const CgroupRows& rows) {
    CgroupRows now;
    CHECK(map.each([&](Bytes key, Bytes value) {
        std::uint64_t id = 0;
        std::memcpy(&id, key.data(), sizeof id);
        std::memcpy(&now[id], value.data(), sizeof now[id]);
    }));
    for (const auto& [id, what] : rows)
        if (const auto it = now.find(id); it == now.end() || it->second != what)
            CHECK(map.update(bytes_of(id), bytes_of(what)));
    for (const auto& [id, what] : now)
        if (!rows.contains(id)) CHECK(map.erase(bytes_of(id)));
    return {};
}

}  // namespace beeline::kernel
