#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>

#include "ebpf/attach_cgroup.h"
#include "ebpf/attach_clsact.h"
#include "ebpf/attach_tcx.h"
#include "ebpf/attach_xdp.h"
#include "ebpf/features.h"
#include "ebpf/inspect.h"
#include "ebpf/pin.h"
#include "ebpf/root_test/sandbox.h"

namespace ebpf::test {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

std::uint32_t id_of(const Program& program) {
    return must(program.info()).id;
}

struct AttachTest : testing::Test {
    Object object = load_sample();
    Program first = must(object.program("count_first"));
    Program second = must(object.program("count_second"));
    PerCpuMap<std::uint32_t, std::uint32_t> counts =
        must(object.per_cpu_map<std::uint32_t, std::uint32_t>("sample_counts"));

    // Packets that met the first and the second program.
    std::pair<std::uint32_t, std::uint32_t> seen() const {
        auto sum = [&](std::uint32_t key) {
            const auto row = must(counts.lookup(key)).value();
            return std::accumulate(row.begin(), row.end(), 0U);
        };
        return {sum(0), sum(1)};
    }
    static std::vector<std::uint32_t> at_tcx(TcxHook hook) {
        std::vector<std::uint32_t> ids;
        for (const TcxEntry& entry : must(query_tcx(loopback, hook)))
            ids.push_back(entry.prog_id);
        return ids;
    }
};
using Seen = std::pair<std::uint32_t, std::uint32_t>;

TEST_F(AttachTest, a_tcx_link_changes_its_program_in_place) {
    Link link = must(attach_tcx(first, loopback, TcxHook::ingress));
    send_to_loopback(3);
    EXPECT_EQ(seen(), Seen(3, 0));
    const LinkInfo before = must(link.info());
    must(link.update(second));
    send_to_loopback(2);
    EXPECT_EQ(seen(), Seen(3, 2));
    const LinkInfo after = must(link.info());
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.prog_id, id_of(second));
    EXPECT_EQ(after.ifindex, loopback);
    EXPECT_EQ(after.attach_type, static_cast<std::uint32_t>(TcxHook::ingress));
    EXPECT_EQ(link_type_name(after.type), "tcx");
    const auto entries = must(query_tcx(loopback, TcxHook::ingress));
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].link_id, after.id);
    link.close();
    EXPECT_THAT(at_tcx(TcxHook::ingress), IsEmpty());
    send_to_loopback(1);
    EXPECT_EQ(seen(), Seen(3, 2));
}

TEST_F(AttachTest, tcx_programs_run_in_the_order_asked_for) {
    const Link one = must(attach_tcx(first, loopback, TcxHook::egress));
    const Link two = must(attach_tcx(second, loopback, TcxHook::egress, TcxPlace::first));
    EXPECT_THAT(at_tcx(TcxHook::egress), ElementsAre(id_of(second), id_of(first)));
}

TEST_F(AttachTest, a_pinned_link_outlives_its_handle_and_is_found_again) {
    const std::string path = bpffs() + "/link";
    must(must(attach_tcx(first, loopback, TcxHook::egress)).pin(path));
    EXPECT_THAT(at_tcx(TcxHook::egress), ElementsAre(id_of(first)));
    {
        const Link again = must(Link::from_pin(path));
        must(again.update(second));
        must(replace_pin(again.fd(), path));
    }
    EXPECT_THAT(at_tcx(TcxHook::egress), ElementsAre(id_of(second)));
    must(must(Link::from_pin(path)).detach());
    EXPECT_THAT(at_tcx(TcxHook::egress), IsEmpty());
    EXPECT_TRUE(must(remove_pin(path)));
}

TEST_F(AttachTest, tcx_errors_name_the_hook_and_the_device) {
    const auto nowhere = attach_tcx(first, 4711, TcxHook::ingress);
    EXPECT_EQ(nowhere.error().code, Errc::not_found);
    EXPECT_EQ(nowhere.error().what, "attach to tcx/ingress of interface 4711: No such device (ENODEV)");
    EXPECT_EQ(attach_tcx(must(object.program("pass_xdp")), loopback, TcxHook::ingress).error().code, Errc::invalid);
}

TEST_F(AttachTest, a_clsact_filter_is_replaced_in_place_and_found_by_its_handle) {
    const ClsactPlace place{.ifindex = loopback, .hook = ClsactHook::ingress, .handle = 7, .priority = 42};
    Stderr noise;
    EXPECT_EQ(must(query_clsact(place)), std::nullopt);
    EXPECT_FALSE(must(detach_clsact(place)));
    must(attach_clsact(first, place));
    send_to_loopback(3);
    EXPECT_EQ(must(query_clsact(place)), id_of(first));
    must(attach_clsact(second, place));
    send_to_loopback(2);
    EXPECT_EQ(seen(), Seen(3, 2));
    EXPECT_EQ(must(query_clsact(place)), id_of(second));
    EXPECT_EQ(must(query_clsact({.ifindex = loopback, .handle = 8, .priority = 42})), std::nullopt);
    EXPECT_TRUE(must(detach_clsact(place)));
    EXPECT_EQ(must(query_clsact(place)), std::nullopt);
    EXPECT_TRUE(must(remove_clsact_qdisc(loopback)));
    EXPECT_FALSE(must(remove_clsact_qdisc(loopback)));
    EXPECT_EQ(attach_clsact(first, {.ifindex = 4711}).error().code, Errc::not_found);
    EXPECT_EQ(noise.take(), "");
}

TEST_F(AttachTest, clsact_egress_is_another_place) {
    const ClsactPlace place{.ifindex = loopback, .hook = ClsactHook::egress};
    must(attach_clsact(second, place));
    EXPECT_EQ(must(query_clsact({.ifindex = loopback, .hook = ClsactHook::ingress})), std::nullopt);
    send_to_loopback(2);
    EXPECT_EQ(seen(), Seen(0, 2));
    EXPECT_TRUE(must(remove_clsact_qdisc(loopback)));
}

TEST_F(AttachTest, one_generic_xdp_program_fits_on_a_device) {
    const Program program = must(object.program("pass_xdp"));
    EXPECT_EQ(must(query_xdp(loopback)), std::nullopt);
    Link link = must(attach_xdp(program, loopback, XdpMode::generic));
    const auto entry = must(query_xdp(loopback));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->prog_id, id_of(program));
    EXPECT_EQ(entry->mode, XdpMode::generic);
    EXPECT_EQ(must(link.info()).ifindex, loopback);
    EXPECT_EQ(attach_xdp(program, loopback, XdpMode::generic).error().code, Errc::exists);
    link.close();
    EXPECT_EQ(must(query_xdp(loopback)), std::nullopt);
    EXPECT_EQ(attach_xdp(program, loopback, XdpMode::native).error().code, Errc::unsupported);
}

TEST_F(AttachTest, a_cgroup_link_changes_its_program_in_place) {
    const Fd directory = must(open_cgroup(cgroup()));
    EXPECT_EQ(connect_in_cgroup(), 0);
    const Program deny = must(object.program("deny_connect")), allow = must(object.program("allow_connect"));
    Link link = must(attach_cgroup(deny, directory.get(), CgroupHook::connect4));
    EXPECT_EQ(connect_in_cgroup(), EPERM);
    EXPECT_THAT(must(query_cgroup(directory.get(), CgroupHook::connect4)), ElementsAre(id_of(deny)));
    must(link.update(allow));
    EXPECT_EQ(connect_in_cgroup(), 0);
    struct stat directory_stat{};
    ASSERT_EQ(::fstat(directory.get(), &directory_stat), 0);
    const LinkInfo info = must(link.info());
    EXPECT_EQ(info.cgroup_id, directory_stat.st_ino);
    EXPECT_EQ(cgroup_hook_name(static_cast<CgroupHook>(info.attach_type)), "cgroup/connect4");
    must(link.update(deny));
    must(link.detach());
    EXPECT_EQ(connect_in_cgroup(), 0);
    EXPECT_THAT(must(query_cgroup(directory.get(), CgroupHook::connect4)), IsEmpty());
}

TEST_F(AttachTest, a_cgroup_program_fits_its_own_hook_only) {
    const Fd directory = must(open_cgroup(cgroup()));
    const Program deny = must(object.program("deny_connect"));
    EXPECT_EQ(attach_cgroup(deny, directory.get(), CgroupHook::sendmsg4).error().code, Errc::invalid);
    EXPECT_EQ(open_cgroup("/").error().what, "/ is no directory of a cgroup2 tree");
    EXPECT_EQ(open_cgroup(cgroup() + "/none").error().code, Errc::not_found);
}

TEST_F(AttachTest, programs_maps_and_links_are_listed_by_id) {
    const Link link = must(attach_tcx(first, loopback, TcxHook::ingress));
    EXPECT_THAT(must(list_programs()), testing::Contains(testing::Field(&ProgramInfo::id, id_of(first))));
    EXPECT_THAT(must(list_links()), testing::Contains(testing::Field(&LinkInfo::prog_id, id_of(first))));
    EXPECT_THAT(must(list_maps()), testing::Contains(testing::Field(&MapInfo::id, counts.info().id)));
}

TEST(FeaturesTest, this_kernel_answers_every_probe_with_a_reason) {
    Stderr noise;
    const auto probes = probe_all();
    EXPECT_EQ(noise.take(), "");
    EXPECT_EQ(probes.size(), 15U);
    for (const Probe& found : probes) {
        EXPECT_FALSE(found.detail.empty()) << found.name;
        std::cout << (found.present ? "  yes " : "  no  ") << found.name << ": " << found.detail << "\n";
    }
}

TEST(FeaturesTest, what_the_other_tests_use_is_found_present) {
    for (const Feature feature : {Feature::tcx, Feature::ring_buffer, Feature::queue_map, Feature::mmapable_array,
                                  Feature::batch_ops, Feature::cgroup_sock_addr, Feature::bpffs, Feature::cgroup2})
        EXPECT_TRUE(probe(feature).present) << feature_name(feature) << ": " << probe(feature).detail;
}

// Exit code of a process of user "nobody": what it got wrong.
int probe_without_privileges() {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgid(65534) || ::setuid(65534)) ::_exit(100);
        int wrong = 0;
        for (const Feature feature : {Feature::tcx, Feature::jit, Feature::csum_ipv6, Feature::cgroup_sock_addr}) {
            const Probe found = probe(feature);
            if (found.present || found.detail.find("EPERM") == std::string::npos) wrong++;
        }
        ::_exit(wrong);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FeaturesTest, without_privileges_probes_say_that_they_may_not_look) {
    EXPECT_EQ(probe_without_privileges(), 0);
}

}  // namespace
}  // namespace ebpf::test
