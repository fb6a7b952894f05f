// Every program of the object, those too that no test run can drive (sockets), is one that this kernel takes.
#include <gtest/gtest.h>

#include "tests/packet/datapath.h"
#include "tests/packet/elf.h"

namespace beeline::packet {
namespace {

// The verifier leaves out what a configuration has no need of: sockets of all processes, and of some.
TEST(WholeSet, is_taken_by_this_kernel) {
    for (const auto by : {abi::sockets_all, abi::sockets_unless, abi::sockets_only}) {
        auto object = ebpf::Object::open(datapath_elf());
        ASSERT_TRUE(object) << object.error().what;
        Variant variant;
        variant.kern_ctx = has_kern_ctx();
        abi::Config constants = config(variant);
        constants.sockets_by_cgroup = by;
        constants.sockets_node = by != abi::sockets_all;
        ASSERT_TRUE(object->set_rodata(constants, "bl_config"));
        for (const char* name : {"bl_flows4", "bl_flows6", "bl_young4", "bl_young6"})
            ASSERT_TRUE(object->set_max_entries(name, variant.flow_entries));
        const auto loaded = object->load();
        EXPECT_TRUE(loaded) << loaded.error().what << "\n" << loaded.error().log;
    }
}

}  // namespace
}  // namespace beeline::packet
