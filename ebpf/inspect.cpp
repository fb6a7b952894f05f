#include "ebpf/inspect.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <optional>

namespace ebpf {

namespace {
// The object's info; nullopt if it went meanwhile.
template <class Info>
Result<std::optional<Info>> unless_gone(Result<Info> info) {
    if (info) return std::optional<Info>(std::move(*info));
    if (info.error().code == Errc::not_found) return std::nullopt;
    return std::unexpected(std::move(info).error());
}

// next(id, &next_id): a libbpf walk over ids; info(id): what to keep of each.
template <class Info, class Next, class Read>
Result<std::vector<Info>> list(const char* what, Next next, Read read) {
    std::vector<Info> all;
    std::uint32_t id = 0;
    while (next(id, &id) == 0)
        if (auto info = EBPF_TRY(unless_gone<Info>(read(id)))) all.push_back(std::move(*info));
    if (errno != ENOENT) return fail_sys(what, errno);
    return all;
}

Result<ProgramInfo> program_info(std::uint32_t id) {
    return EBPF_TRY(Program::from_id(id)).info();
}
Result<MapInfo> map_info(std::uint32_t id) {
    return EBPF_TRY(RawMap::from_id(id)).info();
}
Result<LinkInfo> link_info(std::uint32_t id) {
    return EBPF_TRY(Link::from_id(id)).info();
}
}  // namespace

Result<std::vector<ProgramInfo>> list_programs() {
    return list<ProgramInfo>("list programs", bpf_prog_get_next_id, program_info);
}
Result<std::vector<MapInfo>> list_maps() {
    return list<MapInfo>("list maps", bpf_map_get_next_id, map_info);
}
Result<std::vector<LinkInfo>> list_links() {
    return list<LinkInfo>("list links", bpf_link_get_next_id, link_info);
}

}  // namespace ebpf
