// Runs a path so many times, the packet put back before each run, and tells what a packet took.
//
// A test run hands the same packet to the program `repeat` times, as the last run left it; so each run goes through a
// driver (floor.bpf.cpp) that writes the packet's headers afresh, for many flows with other ports, and tail-calls the
// program. Time is the CPU time of this thread, so that what else the machine does counts as little as it can.
#pragma once
#include <map>

#include "bench/path.h"
#include "ebpf/object.h"

namespace beeline::bench {

class Driver {
public:
    // The tables of the floor have room for so many keys.
    explicit Driver(std::uint32_t entries);

    const ebpf::Program& program(const std::string& name) const { return programs_.at(name); }
    const ebpf::Object& object() const { return object_; }

    // ns a packet, with what the driver costs; the path's flows go on where the last run ended.
    double drive(Path& path, std::uint32_t packets) const;
    // What the driver itself costs with this path's frame and flows; and, as a row, what the bare return costs.
    struct Overhead {
        double driver, bare;
    };
    Overhead overhead_of(const Path& path) const;

private:
    double best_of(Path& path) const;

    ebpf::Object object_;
    ebpf::MappedArray<std::uint64_t> frame_;
    ebpf::MappedArray<std::uint32_t> state_;
    ebpf::RawMap target_, target_xdp_;
    std::map<std::string, ebpf::Program> programs_{};
};

}  // namespace beeline::bench
