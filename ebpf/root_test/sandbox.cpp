#include "ebpf/root_test/sandbox.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "ebpf/pin.h"
#include "ebpf/root_test/sample.h"

using sample::Limits;  // skeletons name the types of globals without their namespace
#include <ebpf_refused.skel.h>
#include <ebpf_sample.skel.h>

namespace ebpf::test {

namespace {
constexpr const char* root = "/mnt";  // covered by a tmpfs of this mount namespace
constexpr int skipped = 77;           // what ctest takes for "not run"

bool covered(const char* what, int status) {
    if (status == 0) return true;
    std::cerr << what << ": " << std::strerror(errno) << "\n";
    return false;
}

bool loopback_up() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return covered("lo up", ::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

bool enter_sandbox() {
    const std::string hierarchy = std::string(root) + "/cgroup";
    return covered("unshare", ::unshare(CLONE_NEWNS | CLONE_NEWNET)) &&
           covered("private mounts", ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr)) &&
           covered("tmpfs", ::mount("tmpfs", root, "tmpfs", 0, nullptr)) &&
           covered("cgroup directory", ::mkdir(hierarchy.c_str(), 0700)) &&
           covered("cgroup2", ::mount("cgroup2", hierarchy.c_str(), "cgroup2", 0, nullptr)) &&
           covered("cgroup", ::mkdir(cgroup().c_str(), 0755)) && ensure_bpffs(bpffs()).value_or(false) && loopback_up();
}

sockaddr_in discard_port() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connect_once() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = discard_port();
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}
}  // namespace

std::string bpffs() {
    return std::string(root) + "/bpf";
}

std::string cgroup() {
    static const std::string path = std::string(root) + "/cgroup/ebpf-test-" + std::to_string(::getpid());
    return path;
}

std::span<const std::byte> sample_elf() {
    std::size_t size = 0;
    const void* bytes = ebpf_sample__elf_bytes(&size);
    return {static_cast<const std::byte*>(bytes), size};
}

std::span<const std::byte> refused_elf() {
    std::size_t size = 0;
    const void* bytes = ebpf_refused__elf_bytes(&size);
    return {static_cast<const std::byte*>(bytes), size};
}

Object open_sample() {
    return must(Object::open(sample_elf(), {.name = "sample", .btf_path = {}}));
}

Object load_sample() {
    Object object = open_sample();
    must(object.load());
    return object;
}

void send_to_loopback(unsigned datagrams) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // To itself: a closed port would answer each datagram with an ICMP message on the same device.
    sockaddr_in address = discard_port();
    const auto* bytes = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(socket.get(), bytes, sizeof(address))) throw std::runtime_error("bind");
    for (unsigned i = 0; i < datagrams; i++)
        ::sendto(socket.get(), "x", 1, 0, bytes, sizeof(address));
}

int connect_in_cgroup() {
    const pid_t child = ::fork();
    if (child == 0) {
        std::ofstream(cgroup() + "/cgroup.procs") << "0" << std::flush;
        ::_exit(connect_once());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace ebpf::test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (::geteuid() != 0) {
        std::cerr << "not root: nothing was tested\n";
        return ebpf::test::skipped;
    }
    if (!ebpf::test::enter_sandbox()) return 1;
    // Namespaces go by themselves; the cgroup does not, so a parent outlives tests that crash.
    const pid_t tests = ::fork();
    if (tests == 0) return RUN_ALL_TESTS();
    int status = 0;
    ::waitpid(tests, &status, 0);
    ::rmdir(ebpf::test::cgroup().c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
