// Loads every program in a configuration as a node has it, and compares what the verifier went through with
// golden.txt: 10 % more of anything is a failure, to be looked at and then blessed (BEELINE_BLESS=1).
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "kernel/object_bytes.h"
#include "tests/packet/datapath.h"
#include "tests/packet/elf.h"

namespace beeline {
namespace {
constexpr double tolerance = 1.10;
constexpr int skipped = 77;  // what ctest takes for "not run"

struct Size {
    std::uint64_t verified = 0;    // instructions the verifier processed, all paths and functions together
    std::uint64_t translated = 0;  // bytes of the program as the kernel keeps it
};
using Sizes = std::map<std::string, Size>;

struct Measured {
    Sizes sizes;
    double load_ms = 0;
};

// Loads it. Adds to what was measured.
ebpf::Result<void> measure(ebpf::Object& object, Measured& measured) {
    const auto start = std::chrono::steady_clock::now();
    EBPF_CHECK(object.load());
    measured.load_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    for (const auto& name : object.program_names()) {
        const auto info = EBPF_TRY(EBPF_TRY(object.program(name)).info());
        measured.sizes[name] = {info.verified_insns, info.xlated_len};
    }
    return {};
}

ebpf::Result<Measured> measure() {
    packet::Variant variant;
    abi::Config config = packet::config(variant);
    config.host_ifindex = 2;
    config.net_ifindex = 3;
    auto object = EBPF_TRY(ebpf::Object::open(packet::datapath_elf()));
    EBPF_CHECK(object.set_rodata(config, "bl_config"));
    Measured measured;
    EBPF_CHECK(measure(object, measured));
    auto sockets =
        EBPF_TRY(ebpf::Object::open(kernel::socket_end_bytes(), {.name = "beeline_sockets", .btf_path = ""}));
    EBPF_CHECK(measure(sockets, measured));
    return measured;
}

std::string running_kernel() {
    utsname name{};
    ::uname(&name);
    return name.release;
}

// Lines "program verified translated"; '#' begins a comment.
Sizes read_golden(const std::string& path) {
    Sizes golden;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream fields(line);
        std::string name;
        Size size;
        if (fields >> name >> size.verified >> size.translated) golden[name] = size;
    }
    return golden;
}

void write_golden(const std::string& path, const Sizes& sizes) {
    std::ofstream out(path);
    out << "# program, instructions the verifier processed, bytes as the kernel keeps it. Linux " << running_kernel()
        << ".\n"
        << "# Written by `make bless-complexity`.\n";
    for (const auto& [name, size] : sizes)
        out << fmt::format("{} {} {}\n", name, size.verified, size.translated);
}

bool grew(std::uint64_t now, std::uint64_t golden) {
    return static_cast<double>(now) > static_cast<double>(golden) * tolerance;
}
double percent(std::uint64_t now, std::uint64_t golden) {
    return golden == 0 ? 0 : 100.0 * static_cast<double>(now) / static_cast<double>(golden) - 100.0;
}

// false: something grew, came or went.
bool compare(const Sizes& now, const Sizes& golden) {
    bool good = true;
    std::cout << fmt::format("{:22}{:>12}{:>9}{:>12}{:>9}\n", "program", "verified", "", "bytes", "");
    for (const auto& [name, size] : now) {
        const auto old = golden.find(name);
        const Size was = old == golden.end() ? Size{} : old->second;
        const bool fine =
            old != golden.end() && !grew(size.verified, was.verified) && !grew(size.translated, was.translated);
        std::cout << fmt::format("{:22}{:12}{:+8.1f}%{:12}{:+8.1f}%{}\n", name, size.verified,
                                 percent(size.verified, was.verified), size.translated,
                                 percent(size.translated, was.translated), fine ? "" : "  <-- too much");
        good &= fine;
    }
    for (const auto& [name, size] : golden) {
        if (now.contains(name)) continue;
        std::cout << fmt::format("{:22} is in golden.txt and not in the object\n", name);
        good = false;
    }
    return good;
}

int run() {
    const auto measured = measure();
    if (!measured) {
        std::cerr << measured.error().what << "\n";
        return 1;
    }
    std::cout << fmt::format("{} programs loaded in {:.0f} ms on Linux {}\n", measured->sizes.size(), measured->load_ms,
                             running_kernel());
    if (std::getenv("BEELINE_BLESS")) write_golden(GOLDEN, measured->sizes);
    if (compare(measured->sizes, read_golden(GOLDEN))) return 0;
    std::cerr << "more than 10 % above tests/complexity/golden.txt; if that is meant: make bless-complexity\n";
    return 1;
}
}  // namespace
}  // namespace beeline

int main() {
    if (::geteuid() == 0) return beeline::run();
    std::cerr << "not root: nothing was tested\n";
    return beeline::skipped;
}
