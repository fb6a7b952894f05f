#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>

#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
constexpr int skipped = 77;  // what ctest takes for "not run"

// Those that this kernel has.
std::vector<Variant> variants() {
    std::vector<Variant> all;
    if (::geteuid() != 0) return all;
    const bool sums = has_kern_ctx() && Datapath::of({}).takes_complete();
    for (const Family family : {Family::v4, Family::v6}) {
        Variant v;
        v.family = family;
        all.push_back(v);
        Variant complete = v;
        complete.complete = true;
        if (sums) all.push_back(complete);
        Variant helpers = v;
        helpers.kern_ctx = false;
        if (has_kern_ctx()) all.push_back(helpers);
        Variant veth = v;
        veth.deliver_peer = false;
        all.push_back(veth);
        Variant outgrown = v;
        outgrown.outgrown = true;
        all.push_back(outgrown);
        Variant xdp = v;
        xdp.xdp = true;
        all.push_back(xdp);
    }
    return all;
}

// Every variant keeps the maps and programs that it was loaded with.
void allow_more_files() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

INSTANTIATE_TEST_SUITE_P(Under, Packets, testing::ValuesIn(variants()),
                         [](const testing::TestParamInfo<Variant>& info) { return info.param.name(); });
}  // namespace
}  // namespace beeline::packet

int main(int argc, char** argv) {
    if (::geteuid() != 0) {
        std::cerr << "not root: nothing was tested\n";
        return beeline::packet::skipped;
    }
    beeline::packet::allow_more_files();
    if (!beeline::packet::enter_namespace()) return 1;  // before the variants are asked for: they load programs
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
