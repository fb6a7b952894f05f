#include "ebpf/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "ebpf/attach_cgroup.h"
#include "ebpf/attach_tcx.h"
#include "ebpf/capture.h"
#include "ebpf/map.h"
#include "ebpf/mounts.h"
#include "ebpf/pin.h"
#include "ebpf/uapi.h"

namespace ebpf {

namespace {
// What a probe found: details, or why not.
using Finding = Result<std::string>;

bpf_insn insn(std::uint8_t code, std::uint8_t dst, std::uint8_t src, std::int32_t imm) {
    bpf_insn made{};
    made.code = code;
    made.dst_reg = dst & 15;
    made.src_reg = src & 15;
    made.imm = imm;
    return made;
}
bpf_insn set(std::uint8_t reg, std::int32_t imm) {
    return insn(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, imm);
}
bpf_insn call(bpf_func_id helper) {
    return insn(BPF_JMP | BPF_CALL, 0, 0, helper);
}
bpf_insn leave() {
    return insn(BPF_JMP | BPF_EXIT, 0, 0, 0);
}

Result<Program> load(bpf_prog_type type, std::span<const bpf_insn> code, std::uint32_t attach_type = 0) {
    Capture capture;
    bpf_prog_load_opts opts{};
    opts.sz = sizeof(opts);
    opts.expected_attach_type = static_cast<bpf_attach_type>(attach_type);
    Fd fd(bpf_prog_load(type, "probe", "Dual BSD/GPL", code.data(), code.size(), &opts));
    if (!fd.valid()) return fail_sys("load a program", errno);
    return Program::from_fd(std::move(fd));
}

Finding probe_btf_vmlinux() {
    constexpr const char* path = "/sys/kernel/btf/vmlinux";
    if (::access(path, R_OK)) return fail_sys(path, errno);
    return path;
}

Finding probe_jit() {
    const std::array code = {set(0, 0), leave()};
    const ProgramInfo info = EBPF_TRY(EBPF_TRY(load(BPF_PROG_TYPE_SCHED_CLS, code)).info());
    if (info.jited_len == 0) return fail(Errc::unsupported, "interpreted; set net.core.bpf_jit_enable = 1");
    return "two instructions became " + std::to_string(info.jited_len) + " bytes";
}

Finding probe_bpffs() {
    return bpffs_path();
}
Finding probe_cgroup2() {
    return cgroup2_path();
}

Finding probe_tcx() {
    constexpr std::uint32_t no_device = 0x7fffffff;
    const auto found = query_tcx(no_device, TcxHook::ingress);
    if (found || found.error().code == Errc::not_found) return "the kernel answers queries for TCX programs";
    if (found.error().code == Errc::unsupported) return fail(Errc::unsupported, "this kernel has no TCX");
    return std::unexpected(found.error());
}

Finding probe_helper(bpf_func_id helper, const char* name) {
    Capture capture;
    const int answer = libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, helper, nullptr);
    if (answer < 0) return fail_sys(name, answer);
    if (answer == 0) return fail(Errc::unsupported, std::string("tc programs have no ") + name);
    return name;
}
Finding probe_redirect_peer() {
    return probe_helper(BPF_FUNC_redirect_peer, "bpf_redirect_peer");
}
Finding probe_redirect_neigh() {
    return probe_helper(BPF_FUNC_redirect_neigh, "bpf_redirect_neigh");
}

Finding probe_kernel_function(const char* name) {
    Capture capture;
    const std::unique_ptr<btf, void (*)(btf*)> types(btf__load_vmlinux_btf(), btf__free);
    if (!types) return fail_sys("BTF of the kernel", errno);
    const std::int32_t id = btf__find_by_name_kind(types.get(), name, BTF_KIND_FUNC);
    if (id < 0) return fail(Errc::unsupported, std::string("the kernel's BTF has no function ") + name);
    return "kernel function, BTF id " + std::to_string(id);
}
Finding probe_cast_to_kern_ctx() {
    return probe_kernel_function("bpf_cast_to_kern_ctx");
}
Finding probe_sock_destroy() {
    return probe_kernel_function("bpf_sock_destroy");
}

// Replaces two bytes by themselves under the flag; a kernel that does not know it answers -EINVAL.
Finding probe_csum_ipv6() {
    constexpr std::int32_t field_bytes = 2;
    const std::array code = {set(2, 14),
                             set(3, 0),
                             set(4, 0),
                             set(5, static_cast<std::int32_t>(uapi::csum_ipv6) | field_bytes),
                             call(BPF_FUNC_l4_csum_replace),
                             leave()};
    const Program program = EBPF_TRY(load(BPF_PROG_TYPE_SCHED_CLS, code));
    const std::array<std::byte, 64> packet{};
    const auto answer = static_cast<std::int32_t>(EBPF_TRY(program.test_run({.data_in = packet})).retval);
    if (answer == 0) return "bpf_l4_csum_replace takes the flag";
    return fail(Errc::unsupported, "bpf_l4_csum_replace answers " + std::to_string(answer) +
                                       "; IPv6 NAT is wrong for packets with checksum COMPLETE");
}

Finding probe_ring_buffer() {
    const auto bytes = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
    EBPF_TRY(RawMap::create({"probe", BPF_MAP_TYPE_RINGBUF, 0, 0, bytes}));
    return "created one";
}

Finding probe_queue_map() {
    const auto queue = EBPF_TRY(Queue<std::uint32_t>::create({.name = "probe", .type = BPF_MAP_TYPE_QUEUE}));
    EBPF_CHECK(queue.push(7));
    if (EBPF_TRY(queue.pop()) != 7U) return fail(Errc::kernel, "a queue gave back another value");
    return "pushed and popped a value";
}

Finding probe_mmapable_array() {
    const auto map = EBPF_TRY((Map<std::uint32_t, std::uint64_t>::create(
        {.name = "probe", .type = BPF_MAP_TYPE_ARRAY, .flags = BPF_F_MMAPABLE})));
    EBPF_TRY(map.mmap())[0] = 7;
    if (EBPF_TRY(map.lookup(0)) != 7U) return fail(Errc::kernel, "a store to an mmap-ed array was lost");
    return "a store reached the map";
}

Finding probe_batch_ops() {
    const auto map = EBPF_TRY((Map<std::uint32_t, std::uint32_t>::create({.name = "probe", .max_entries = 2})));
    const std::array<std::uint32_t, 2> rows = {1, 2};
    EBPF_CHECK(map.update_batch(rows, rows));
    if (EBPF_TRY(map.remove_batch(rows)) != rows.size()) return fail(Errc::kernel, "a batch lost a row");
    return "wrote and removed a batch";
}

Finding probe_cgroup_sock_addr() {
    using enum CgroupHook;
    const std::array code = {set(0, 1), leave()};
    std::string missing;
    for (const CgroupHook hook :
         {connect4, connect6, sendmsg4, sendmsg6, recvmsg4, recvmsg6, getpeername4, getpeername6}) {
        const auto loaded = load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, code, static_cast<std::uint32_t>(hook));
        if (!loaded && loaded.error().code == Errc::denied) return std::unexpected(loaded.error());
        if (!loaded) missing += " " + cgroup_hook_name(hook);
    }
    if (!missing.empty()) return fail(Errc::unsupported, "missing:" + missing);
    return "connect, sendmsg, recvmsg, getpeername; IPv4 and IPv6";
}

Finding find(Feature feature) {
    switch (feature) {
#define X(name, text)   \
    case Feature::name: \
        return probe_##name();
        EBPF_FEATURES(X)
#undef X
    }
    return fail(Errc::invalid, "no such feature");
}
}  // namespace

const char* feature_name(Feature feature) {
    switch (feature) {
#define X(name, text)   \
    case Feature::name: \
        return #name;
        EBPF_FEATURES(X)
#undef X
    }
    return "unknown";
}

const char* feature_text(Feature feature) {
    switch (feature) {
#define X(name, text)   \
    case Feature::name: \
        return text;
        EBPF_FEATURES(X)
#undef X
    }
    return "unknown";
}

Probe probe(Feature feature) {
    const Finding finding = find(feature);
    return {feature_name(feature), finding.has_value(), finding ? *finding : finding.error().what};
}

std::vector<Probe> probe_all() {
    return {
#define X(name, text) probe(Feature::name),
        EBPF_FEATURES(X)
#undef X
    };
}

Result<std::string> cgroup2_path() {
    return mounted_path("cgroup2");
}

Result<std::string> bpffs_path() {
    constexpr const char* usual = "/sys/fs/bpf";
    if (on_bpffs(usual)) return usual;
    return mounted_path("bpf");
}

}  // namespace ebpf
