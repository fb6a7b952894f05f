#include "ebpf/program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "ebpf/pin.h"

namespace ebpf {

namespace {
constexpr std::size_t room_to_grow = 512;  // what encapsulation and ICMP answers may add to a packet

std::string hex(std::span<const unsigned char> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::uint64_t address_of(void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

Result<void> get_info(int fd, bpf_prog_info& info) {
    std::uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd, &info, &length))
        return fail_sys("info of program descriptor " + std::to_string(fd), errno);
    return {};
}

// The name of a function in the kernel's BTF; empty if it cannot be had.
std::string function_name(std::uint32_t btf_id, std::uint32_t type_id) {
    const std::unique_ptr<btf, void (*)(btf*)> types(btf__load_from_kernel_by_id(btf_id), btf__free);
    if (!types) return {};
    const btf_type* type = btf__type_by_id(types.get(), type_id);
    const char* name = type ? btf__name_by_offset(types.get(), type->name_off) : nullptr;
    return name ? name : "";
}

ProgramInfo summary(const bpf_prog_info& raw) {
    ProgramInfo info;
    info.id = raw.id;
    info.name = std::string(raw.name, ::strnlen(raw.name, sizeof(raw.name)));
    info.tag = hex(raw.tag);
    info.type = raw.type;
    info.xlated_len = raw.xlated_prog_len;
    info.jited_len = raw.jited_prog_len;
    info.verified_insns = raw.verified_insns;
    info.btf_id = raw.btf_id;
    info.load_time_ns = raw.load_time;
    info.run_time_ns = raw.run_time_ns;
    info.run_cnt = raw.run_cnt;
    return info;
}
}  // namespace

Result<Program> Program::from_fd(Fd fd) {
    EBPF_CHECK(require_kind(fd.get(), FdKind::program));
    return Program(std::move(fd));
}

Result<Program> Program::from_pin(const std::string& path) {
    Fd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid()) return fail_sys("program pinned at " + path, errno);
    return from_fd(std::move(fd));
}

Result<Program> Program::from_id(std::uint32_t id) {
    Fd fd(bpf_prog_get_fd_by_id(id));
    if (!fd.valid()) return fail_sys("program " + std::to_string(id), errno);
    return Program(std::move(fd));
}

Result<ProgramInfo> Program::info() const {
    bpf_prog_info counts{};
    EBPF_CHECK(get_info(fd(), counts));
    ProgramInfo info = summary(counts);
    info.map_ids.resize(counts.nr_map_ids);
    bpf_func_info first{};
    bpf_prog_info lists{};
    lists.nr_map_ids = counts.nr_map_ids;
    lists.map_ids = address_of(info.map_ids.data());
    if (counts.btf_id && counts.nr_func_info) {
        lists.nr_func_info = 1;
        lists.func_info_rec_size = sizeof(first);
        lists.func_info = address_of(&first);
    }
    EBPF_CHECK(get_info(fd(), lists));
    if (lists.nr_func_info && info.name.size() == BPF_OBJ_NAME_LEN - 1)
        if (std::string whole = function_name(counts.btf_id, first.type_id); !whole.empty()) info.name = whole;
    return info;
}

Result<TestResult> Program::test_run(const TestRun& run) const {
    TestResult result;
    if (run.data_size_out)
        result.data_out.resize(run.data_size_out);
    else if (!run.data_in.empty() && run.batch_size == 0)
        result.data_out.resize(run.data_in.size() + room_to_grow);
    result.ctx_out.resize(run.ctx_in.size());

    bpf_test_run_opts opts{};
    opts.sz = sizeof(opts);
    opts.data_in = run.data_in.empty() ? nullptr : run.data_in.data();
    opts.data_size_in = static_cast<std::uint32_t>(run.data_in.size());
    opts.data_out = result.data_out.empty() ? nullptr : result.data_out.data();
    opts.data_size_out = static_cast<std::uint32_t>(result.data_out.size());
    opts.ctx_in = run.ctx_in.empty() ? nullptr : run.ctx_in.data();
    opts.ctx_size_in = static_cast<std::uint32_t>(run.ctx_in.size());
    opts.ctx_out = result.ctx_out.empty() ? nullptr : result.ctx_out.data();
    opts.ctx_size_out = static_cast<std::uint32_t>(result.ctx_out.size());
    opts.repeat = static_cast<int>(run.repeat);
    opts.flags = run.flags;
    opts.cpu = run.cpu;
    opts.batch_size = run.batch_size;
    if (bpf_prog_test_run_opts(fd(), &opts)) {
        const int err = errno;
        if (err != ENOSPC) return fail_sys("test run", err);
        return fail(Errc::exhausted, "test run: the packet left with " + std::to_string(opts.data_size_out) +
                                         " bytes, data_size_out was " + std::to_string(result.data_out.size()));
    }
    result.retval = opts.retval;
    result.duration_ns = opts.duration;
    result.data_out.resize(opts.data_size_out);
    result.ctx_out.resize(opts.ctx_size_out);
    return result;
}

Result<void> Program::pin(const std::string& path) const {
    return pin_fd(fd(), path);
}

Result<void> Program::put_into(const RawMap& array, std::uint32_t slot) const {
    const int program = fd();
    return array.update(std::as_bytes(std::span(&slot, 1)), std::as_bytes(std::span(&program, 1)));
}

Result<Program> Program::duplicate() const {
    return Program(EBPF_TRY(Fd::duplicate(fd())));
}

}  // namespace ebpf
