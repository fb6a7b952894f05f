#include "kernel/wanted_programs.h"

#include <gtest/gtest.h>

namespace beeline::kernel {
namespace {

TEST(WantedPrograms, those_of_xdp_where_some_device_is_to_have_it) {
    Options options;
    options.xdp = {{"eth0", Xdp::off}};
    for (const char* program : {"bl_xdp", "bl_first4", "bl_first6"})
        EXPECT_FALSE(is_wanted(program, options)) << program;
    options.xdp = {{"eth0", Xdp::off}, {"eth*", Xdp::generic}};
    for (const char* program : {"bl_xdp", "bl_first4", "bl_first6"})
        EXPECT_TRUE(is_wanted(program, options)) << program;
}

TEST(WantedPrograms, those_of_sockets_where_a_cgroup_is_to_have_them) {
    Options options;
    for (const char* program : {"bl_connect4", "bl_bind6", "bl_sock_release"})
        EXPECT_FALSE(is_wanted(program, options)) << program;
    options.cgroup = "/sys/fs/cgroup";
    for (const char* program : {"bl_connect4", "bl_bind6", "bl_sock_release"})
        EXPECT_TRUE(is_wanted(program, options)) << program;
}

TEST(WantedPrograms, those_of_packets_and_the_collector_everywhere) {
    for (const char* program : {"bl_from_container", "bl_slow6", "bl_arp", "bl_collect"})
        EXPECT_TRUE(is_wanted(program, {})) << program;
}

}  // namespace
}  // namespace beeline::kernel
