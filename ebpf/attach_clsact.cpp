#include "ebpf/attach_clsact.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "ebpf/capture.h"

namespace ebpf {

namespace {
std::string label(const ClsactPlace& place) {
    return std::string(clsact_hook_name(place.hook)) + " of interface " + std::to_string(place.ifindex) +
           ", priority " + std::to_string(place.priority) + ", handle " + std::to_string(place.handle);
}

bpf_tc_hook hook_of(const ClsactPlace& place) {
    bpf_tc_hook hook{};
    hook.sz = sizeof(hook);
    hook.ifindex = static_cast<int>(place.ifindex);
    hook.attach_point = place.hook == ClsactHook::ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
    return hook;
}

bpf_tc_opts opts_of(const ClsactPlace& place) {
    bpf_tc_opts opts{};
    opts.sz = sizeof(opts);
    opts.handle = place.handle;
    opts.priority = place.priority;
    return opts;
}

std::unexpected<Error> fail_tc(const std::string& what, int err, const Capture& capture) {
    auto error = fail_sys(what, err);
    const std::string complaint = first_complaint(capture.text());
    if (!complaint.empty()) error.error().what += "; " + complaint;
    error.error().log = capture.text();
    return error;
}

// No such filter. Where the qdisc, or every filter of the direction, is missing the kernel says EINVAL, and why in
// words: "Parent Qdisc doesn't exists", "Cannot find specified filter chain".
bool is_absent(int err, const Capture& capture) {
    if (err != -EINVAL) return err == -ENOENT;
    return capture.text().find("Qdisc doesn't exist") != std::string::npos ||
           capture.text().find("filter chain") != std::string::npos;
}
}  // namespace

const char* clsact_hook_name(ClsactHook hook) {
    return hook == ClsactHook::ingress ? "clsact/ingress" : "clsact/egress";
}

Result<void> attach_clsact(const Program& program, const ClsactPlace& place) {
    Capture capture;
    bpf_tc_hook hook = hook_of(place);
    if (const int err = bpf_tc_hook_create(&hook); err && err != -EEXIST)
        return fail_tc("clsact qdisc on interface " + std::to_string(place.ifindex), err, capture);
    bpf_tc_opts opts = opts_of(place);
    opts.prog_fd = program.fd();
    opts.flags = BPF_TC_F_REPLACE;
    if (const int err = bpf_tc_attach(&hook, &opts)) return fail_tc("attach to " + label(place), err, capture);
    return {};
}

Result<bool> detach_clsact(const ClsactPlace& place) {
    if (!EBPF_TRY(query_clsact(place))) return false;
    Capture capture;
    const bpf_tc_hook hook = hook_of(place);
    const bpf_tc_opts opts = opts_of(place);
    const int err = bpf_tc_detach(&hook, &opts);
    if (!err) return true;
    if (is_absent(err, capture)) return false;
    return fail_tc("detach from " + label(place), err, capture);
}

Result<std::optional<std::uint32_t>> query_clsact(const ClsactPlace& place) {
    Capture capture;
    const bpf_tc_hook hook = hook_of(place);
    bpf_tc_opts opts = opts_of(place);
    const int err = bpf_tc_query(&hook, &opts);
    if (!err) return opts.prog_id;
    if (is_absent(err, capture)) return std::nullopt;
    return fail_tc("query " + label(place), err, capture);
}

Result<bool> remove_clsact_qdisc(std::uint32_t ifindex) {
    Capture capture;
    bpf_tc_hook hook = hook_of({.ifindex = ifindex});
    hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    const int err = bpf_tc_hook_destroy(&hook);
    if (!err) return true;
    if (err == -ENOENT || err == -EINVAL) return false;
    return fail_tc("remove clsact qdisc of interface " + std::to_string(ifindex), err, capture);
}

}  // namespace ebpf
