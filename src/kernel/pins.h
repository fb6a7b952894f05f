// Where pins stand: <root>/v<layout>/{maps,links,programs}. bpffs keeps no name with a dot in it.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace beeline::kernel {

class Pins {
public:
    // Mounts a bpffs on `root` unless it lies in one, and makes the directories.
    static Result<Pins> ensure(const std::string& root);
    // The same paths, whether they exist or not.
    explicit Pins(const std::string& root);

    const std::string& root() const { return root_; }
    std::string map(const std::string& name) const { return base_ + "/maps/" + name; }
    std::string program(const std::string& name) const { return base_ + "/programs/" + name; }
    std::string link(const std::string& name) const { return base_ + "/links/" + name; }
    Result<std::vector<std::string>> links() const;  // names; empty without the directory
    // Programs and maps of other layouts: an earlier agent's, once ours are in place.
    Result<> remove_others() const;
    // Every pin, and the directories.
    Result<> remove_all() const;

private:
    std::string root_, base_;
};

// Link pins: "bl7_ingress", "cgroup_connect4"; a dot in the device's name becomes a colon, which none can have.
std::string link_name(const std::string& device, const std::string& hook);
struct LinkName {
    std::string device, hook;
};
LinkName parse_link_name(const std::string& name);  // hook: what follows the last underscore

}  // namespace beeline::kernel
