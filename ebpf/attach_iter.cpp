#include "ebpf/attach_iter.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ebpf {

Result<Link> attach_iterator(const Program& program) {
    Fd fd(bpf_link_create(program.fd(), 0, BPF_TRACE_ITER, nullptr));
    if (!fd.valid()) return fail_sys("attach an iterator", errno);
    return Link::from_fd(std::move(fd));
}

Result<std::string> run_iterator(const Link& link) {
    const Fd fd(bpf_iter_create(link.fd()));
    if (!fd.valid()) return fail_sys("make an iterator", errno);
    std::string written;
    std::array<char, 4096> chunk{};
    while (true) {
        const ssize_t bytes = ::read(fd.get(), chunk.data(), chunk.size());
        if (bytes == 0) return written;
        if (bytes > 0) written.append(chunk.data(), static_cast<std::size_t>(bytes));
        if (bytes < 0 && errno != EINTR && errno != EAGAIN) return fail_sys("read an iterator", errno);
    }
}

}  // namespace ebpf
