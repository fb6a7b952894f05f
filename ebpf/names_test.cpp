// The parts that only deal in text: errors, pin names, the mount table, libbpf's words, names of hooks and features.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <thread>

#include "ebpf/attach_cgroup.h"
#include "ebpf/attach_clsact.h"
#include "ebpf/attach_tcx.h"
#include "ebpf/attach_xdp.h"
#include "ebpf/capture.h"
#include "ebpf/features.h"
#include "ebpf/link.h"
#include "ebpf/mounts.h"
#include "ebpf/pin.h"

namespace ebpf {
namespace {

TEST(ErrorTest, an_errno_becomes_a_code_and_words) {
    const std::pair<int, Errc> rows[] = {
        {ENOENT, Errc::not_found}, {EEXIST, Errc::exists},  {-EPERM, Errc::denied},   {EOPNOTSUPP, Errc::unsupported},
        {E2BIG, Errc::exhausted},  {EINVAL, Errc::invalid}, {524, Errc::unsupported}, {EIO, Errc::kernel}};
    for (const auto& [err, code] : rows)
        EXPECT_EQ(fail_sys("x", err).error().code, code) << err;
    const Error error = fail_sys("map 'm': update", -E2BIG).error();
    EXPECT_EQ(error.what, "map 'm': update: Argument list too long (E2BIG)");
    EXPECT_EQ(error.sys, E2BIG);
    EXPECT_STREQ(errc_name(Errc::not_found), "not_found");
}

Result<int> half(int number) {
    if (number % 2) return fail(Errc::invalid, std::to_string(number) + " is odd");
    return number / 2;
}
Result<int> quarter(int number) {
    return EBPF_TRY(half(EBPF_TRY(half(number))));
}

TEST(ErrorTest, try_passes_values_on_and_errors_up) {
    EXPECT_EQ(quarter(12).value(), 3);
    EXPECT_EQ(quarter(10).error().what, "5 is odd");
}

TEST(FdTest, a_descriptor_that_is_no_bpf_object_is_refused) {
    const auto copy = Fd::duplicate(0);
    ASSERT_TRUE(copy);
    EXPECT_GE(copy->get(), 3);
    EXPECT_EQ(fd_kind(copy->get()), FdKind::other);
    EXPECT_EQ(require_kind(copy->get(), FdKind::map).error().code, Errc::invalid);
    EXPECT_FALSE(Fd::duplicate(-1));
}

TEST(PinNameTest, names_that_bpffs_would_refuse_are_refused_before) {
    EXPECT_TRUE(check_pin_name("bl_flows4"));
    for (const std::string bad : {"", ".", "..", "a.b", "a/b"})
        EXPECT_FALSE(check_pin_name(bad)) << bad;
    EXPECT_FALSE(check_pin_name(std::string(256, 'a')));
}

TEST(MountsTest, the_mount_point_is_taken_from_a_line_of_the_type_asked_for) {
    constexpr const char* line =
        "36 35 98:0 / /run/my\\040groups rw,noatime master:1 shared:2 - cgroup2 cgroup2 rw,nsdelegate";
    EXPECT_EQ(mount_point_of(line, "cgroup2"), "/run/my groups");
    EXPECT_EQ(mount_point_of(line, "cgroup"), std::nullopt);
    EXPECT_EQ(mount_point_of("36 35 98:0 / /bpf rw - bpf none rw", "bpf"), "/bpf");
    EXPECT_EQ(mount_point_of("half a line", "bpf"), std::nullopt);
    EXPECT_EQ(mount_point_of("", "bpf"), std::nullopt);
}

// libbpf warns that this is no ELF file.
void make_libbpf_complain() {
    const char nothing[64] = {};
    EXPECT_EQ(bpf_object__open_mem(nothing, sizeof(nothing), nullptr), nullptr);
}

TEST(CaptureTest, what_libbpf_says_goes_to_the_innermost_capture_of_its_thread) {
    const Capture outer;
    {
        const Capture inner;
        make_libbpf_complain();
        EXPECT_NE(inner.text(), "");
    }
    EXPECT_EQ(outer.text(), "");
    make_libbpf_complain();
    EXPECT_TRUE(outer.text().starts_with("libbpf: "));
}

TEST(CaptureTest, other_threads_print_as_they_did_before) {
    const Capture capture;
    testing::internal::CaptureStderr();
    std::thread(make_libbpf_complain).join();
    EXPECT_NE(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(capture.text(), "");
}

TEST(CaptureTest, the_first_complaint_has_no_prefix) {
    EXPECT_EQ(first_complaint("libbpf: map 'm': failed\nlibbpf: more\n"), "map 'm': failed");
    EXPECT_EQ(first_complaint("\nKernel error message: no\n"), "Kernel error message: no");
    EXPECT_EQ(first_complaint(""), "");
}

TEST(NamesTest, hooks_and_links_are_called_what_operators_call_them) {
    EXPECT_STREQ(tcx_hook_name(TcxHook::ingress), "tcx/ingress");
    EXPECT_STREQ(clsact_hook_name(ClsactHook::egress), "clsact/egress");
    EXPECT_STREQ(xdp_mode_name(XdpMode::generic), "xdp/generic");
    EXPECT_EQ(cgroup_hook_name(CgroupHook::getpeername6), "cgroup/getpeername6");
    EXPECT_EQ(cgroup_hook_name(static_cast<CgroupHook>(999)), "cgroup/999");
    EXPECT_EQ(link_type_name(BPF_LINK_TYPE_CGROUP), "cgroup");
    EXPECT_EQ(link_type_name(11), "tcx");
    EXPECT_EQ(link_type_name(9999), "type 9999");
}

TEST(NamesTest, features_have_names_of_their_own) {
    std::set<std::string> names;
#define X(name, text)                                 \
    EXPECT_STREQ(feature_name(Feature::name), #name); \
    EXPECT_TRUE(names.insert(feature_text(Feature::name)).second);
    EBPF_FEATURES(X)
#undef X
}

}  // namespace
}  // namespace ebpf
