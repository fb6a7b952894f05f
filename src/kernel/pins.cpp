#include "kernel/pins.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "abi/maps.h"
#include "ebpf/link.h"
#include "ebpf/pin.h"
#include "kernel/ebpf_result.h"

namespace beeline::kernel {

namespace {
constexpr const char* directories[] = {"/maps", "/links", "/programs"};
}

Pins::Pins(const std::string& root) : root_(root), base_(root + "/v" + std::to_string(abi::layout_version)) {}

Result<Pins> Pins::ensure(const std::string& root) {
    Pins pins(root);
    (void)TRY(result_of(ebpf::ensure_bpffs(root)));
    for (const char* directory : directories)
        CHECK(result_of(ebpf::make_pin_directory(pins.base_ + directory)));
    return pins;
}

Result<std::vector<std::string>> Pins::links() const {
    std::vector<std::string> names;
    if (!ebpf::pin_exists(base_ + "/links")) return names;
    for (const auto& pin : TRY(result_of(ebpf::list_pins(base_ + "/links"))))
        names.push_back(pin.name);
    return names;
}

namespace {
// A program stays on its device until the link is taken off, not only until nobody holds it.
Result<> release(const ebpf::Pin& pin) {
    if (auto link = ebpf::Link::from_pin(pin.path)) (void)link->detach();
    (void)TRY(result_of(ebpf::remove_pin(pin.path)));
    return {};
}

Result<> remove_layout(const std::string& base) {
    for (const char* directory : directories) {
        const std::string path = base + directory;
        if (!ebpf::pin_exists(path)) continue;
        for (const auto& pin : TRY(result_of(ebpf::list_pins(path))))
            CHECK(release(pin));
        if (::rmdir(path.c_str()) < 0) return fail(Errc::io, path + ": rmdir: " + std::strerror(errno), errno);
    }
    ::rmdir(base.c_str());  // other files in it may be somebody else's
    return {};
}

bool is_layout(const std::string& name) {
    return name.size() > 1 && name[0] == 'v' && name.find_first_not_of("0123456789", 1) == std::string::npos;
}

// Directories of every layout there is.
std::vector<std::string> layouts(const std::string& root) {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root, error))
        if (entry.is_directory(error) && is_layout(entry.path().filename().string()))
            found.push_back(entry.path().string());
    return found;
}
}  // namespace

Result<> Pins::remove_others() const {
    for (const std::string& layout : layouts(root_))
        if (layout != base_) CHECK(remove_layout(layout));
    return {};
}

Result<> Pins::remove_all() const {
    for (const std::string& layout : layouts(root_))
        CHECK(remove_layout(layout));
    ::rmdir(root_.c_str());  // unless a bpffs is mounted here
    return {};
}

std::string link_name(const std::string& device, const std::string& hook) {
    std::string name = device + "_" + hook;
    std::ranges::replace(name, '.', ':');
    return name;
}

LinkName parse_link_name(const std::string& name) {
    const auto at = name.rfind('_');
    if (at == std::string::npos) return {name, ""};
    std::string device = name.substr(0, at);
    std::ranges::replace(device, ':', '.');
    return {std::move(device), name.substr(at + 1)};
}

}  // namespace beeline::kernel
