// What the packet bench measures, and what it says about it: a path is one program, one frame, some flows.
#pragma once
#include <string>
#include <vector>

#include "ebpf/program.h"
#include "tests/packet/datapath.h"
#include "tests/packet/must.h"

namespace beeline::bench {

constexpr std::uint32_t run_packets = 500000;  // of one test run

enum Mode : std::uint32_t { same_flow = 0, random_flow = 1, next_flow = 2 };  // as in floor.bpf.cpp

// What is done before each test run.
enum class Before {
    nothing,
    forget,   // tables emptied
    hear,     // the same, and events taken
    outdate,  // every decision outdated
};

// A program as it is measured: which frame, which flows.
struct Path {
    std::string name;
    packet::Family family;
    packet::Frame frame;
    const ebpf::Program* program;
    std::string floor{};  // name of the path it is compared with
    int verdict = packet::verdict_redirect;
    unsigned ifindex = 0;  // it has come in by
    bool xdp = false;      // an XDP program, else one for tc
    bool grows = false;    // … that puts something in front of the frame
    Mode mode = same_flow;
    std::uint32_t mask = ~0u;  // of the flows' numbers
    std::uint32_t packets = run_packets;
    int runs = 1;  // of a round; the best counts
    Before before = Before::nothing;
    std::uint32_t last = 0;  // number of the last flow, or random number
    std::vector<double> rounds{};
};

using packet::must;

const char* family_name(packet::Family family);

// A table a family, floors as a column.
void print(const std::vector<Path>& paths);
void save(const std::vector<Path>& paths, const std::string& file);

}  // namespace beeline::bench
