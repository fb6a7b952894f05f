#include "kernel/pins.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "abi/maps.h"
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

Result<> Pins::remove_all() const {
    for (const char* directory : directories) {
        const std::string path = base_ + directory;
        if (!ebpf::pin_exists(path)) continue;
        for (const auto& pin : TRY(result_of(ebpf::list_pins(path))))
            (void)TRY(result_of(ebpf::remove_pin(pin.path)));
        if (::rmdir(path.c_str()) < 0) return fail(Errc::io, path + ": rmdir: " + std::strerror(errno), errno);
    }
    // Other files in these two may be somebody else's, and so may a bpffs that is mounted here.
    ::rmdir(base_.c_str());
    ::rmdir(root_.c_str());
    return {};
}

std::string link_name(const std::string& device, const std::string& hook) {
    return device + "_" + hook;
}

LinkName parse_link_name(const std::string& name) {
    const auto at = name.rfind('_');
    if (at == std::string::npos) return {name, ""};
    return {name.substr(0, at), name.substr(at + 1)};
}

}  // namespace beeline::kernel
