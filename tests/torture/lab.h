// What the torture tests over the packet tests' lab share.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "tests/packet/lab.h"
#include "tests/torture/cpu.h"

namespace beeline::torture {

// How long; TORTURE_SECONDS=3600 for a night.
inline unsigned seconds() {
    const char* text = std::getenv("TORTURE_SECONDS");
    return text ? static_cast<unsigned>(std::atoi(text)) : 6;
}

// bl_collect() on the entries of these packets.
class Collect {
public:
    Collect(packet::Lab& lab, const std::vector<packet::Packet>& packets)
        : size_(static_cast<std::uint32_t>(packets.size())),
          rows_(ebpf::map_array<abi::Candidate>(lab.datapath().object().raw_map("bl_candidates").value()).value()),
          program_(lab.datapath().object().program("bl_collect").value()) {
        for (std::uint32_t i = 0; i < size_; i++)
            rows_[i] = lab.candidate(packets[i]);
        rows_[size_] = {};
    }
    struct Done {
        unsigned marked = 0, removed = 0;  // entries
    };
    Done run(abi::Collect what) {
        for (std::uint32_t i = 0; i < size_; i++)
            rows_[i].what = static_cast<abi::u8>(what);
        ebpf::TestRun once;
        once.repeat = 0;
        EXPECT_EQ(program_.test_run(once).value().retval, size_ + 1);
        Done done;
        for (std::uint32_t i = 0; i < size_; i++) {
            done.marked += rows_[i].marked;
            done.removed += rows_[i].removed;
        }
        return done;
    }

private:
    std::uint32_t size_;
    ebpf::MappedArray<abi::Candidate> rows_;
    ebpf::Program program_;
};

inline int run_all(int argc, char** argv) {
    constexpr int skipped = 77;
    if (::geteuid() != 0) {
        std::cerr << "not root: nothing was tested\n";
        return skipped;
    }
    if (!packet::enter_namespace()) return 1;
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

}  // namespace beeline::torture
