#include "kernel/root_test/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <thread>

#include "abi/endpoint.h"
#include "ebpf/pin.h"
#include "kernel/netns.h"

namespace beeline::kernel::test {
namespace {

constexpr const char* root = "/mnt";  // covered by a tmpfs of this mount namespace
constexpr int skipped = 77;           // what ctest takes for "not run"

bool covered(const char* what, int status) {
    if (status == 0) return true;
    std::cerr << what << ": " << std::strerror(errno) << "\n";
    return false;
}

bool enter_sandbox() {
    const std::string hierarchy = std::string(root) + "/cgroup", names = std::string(root) + "/netns";
    return covered("unshare", ::unshare(CLONE_NEWNS | CLONE_NEWNET)) &&
           covered("private mounts", ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr)) &&
           covered("tmpfs", ::mount("tmpfs", root, "tmpfs", 0, nullptr)) &&
           covered("directory", ::mkdir(names.c_str(), 0700)) &&
           covered("cgroup directory", ::mkdir(hierarchy.c_str(), 0700)) &&
           covered("cgroup2", ::mount("cgroup2", hierarchy.c_str(), "cgroup2", 0, nullptr)) &&
           covered("cgroup", ::mkdir(cgroup().c_str(), 0755));
}

void make_namespace(const std::string& path, std::string& error) {
    const Fd file(::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600));
    if (!file || ::unshare(CLONE_NEWNET) < 0 ||
        ::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) < 0)
        error = path + ": " + std::strerror(errno);
}

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
Endpoint socket_address(const Addr& addr, std::uint16_t port) {
    Endpoint endpoint;
    if (addr.v4()) {
        auto* in = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        std::memcpy(&in->sin_addr, addr.bytes.data(), 4);
        endpoint.length = sizeof *in;
    } else {
        auto* in = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
        in->sin6_family = AF_INET6;
        in->sin6_port = htons(port);
        std::memcpy(&in->sin6_addr, addr.bytes.data(), 16);
        endpoint.length = sizeof *in;
    }
    return endpoint;
}

bool wait_for(int fd, short events, std::chrono::milliseconds limit = patience) {
    pollfd wait{fd, events, 0};
    return ::poll(&wait, 1, static_cast<int>(limit.count())) == 1;
}

}  // namespace

std::string bpffs() {
    return std::string(root) + "/bpf";
}

std::string cgroup() {
    static const std::string path = std::string(root) + "/cgroup/kernel-test-" + std::to_string(::getpid());
    return path;
}

Container::Container(const std::string& name) : path_(std::string(root) + "/netns/" + name) {
    std::string error;
    std::thread([&] { make_namespace(path_, error); }).join();
    if (!error.empty()) throw std::runtime_error(error);
    struct stat info{};
    ::stat(path_.c_str(), &info);
    inode_ = info.st_ino;
}

void Container::vanish() {
    ::umount2(path_.c_str(), MNT_DETACH);
    ::unlink(path_.c_str());
}

void Container::run(const std::function<void()>& work) const {
    const auto netns = must(open_netns(path_, inode_));
    if (!netns) throw std::runtime_error(path_ + " is gone");
    must(in_netns(*netns, [&]() -> Result<> {
        work();
        return {};
    }));
}

Listener listen_in(const Container& container, const Addr& addr, std::uint16_t port) {
    Listener listener;
    listener.port = port;
    container.run([&] {
        listener.socket = Fd(::socket(addr.v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const Endpoint at = socket_address(addr, port);
        const bool bound = ::bind(listener.socket.get(), at.get(), at.length) == 0;
        if (!bound || ::listen(listener.socket.get(), 8) < 0)
            ADD_FAILURE() << "listen on " << to_string(addr) << ": " << std::strerror(errno);
    });
    return listener;
}

Dialled dial(const Addr& addr, std::uint16_t port) {
    Dialled dialled;
    dialled.socket = Fd(::socket(addr.v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const Endpoint to = socket_address(addr, port);
    if (::connect(dialled.socket.get(), to.get(), to.length) == 0) return dialled;
    dialled.error = errno;
    if (dialled.error != EINPROGRESS) return dialled;
    dialled.error = ETIMEDOUT;
    socklen_t length = sizeof dialled.error;
    if (wait_for(dialled.socket.get(), POLLOUT))
        ::getsockopt(dialled.socket.get(), SOL_SOCKET, SO_ERROR, &dialled.error, &length);
    return dialled;
}

Dialled dial_from(const Container& container, const Addr& addr, std::uint16_t port) {
    Dialled dialled;
    container.run([&] { dialled = dial(addr, port); });
    return dialled;
}

Connection connect(const Container& from, const Addr& to, const Listener& listener) {
    Dialled dialled = dial_from(from, to, listener.port);
    EXPECT_EQ(dialled.error, 0) << to_string(to) << ": " << std::strerror(dialled.error);
    Connection connection{std::move(dialled.socket), {}};
    if (dialled.error == 0 && wait_for(listener.socket.get(), POLLIN))
        connection.server = Fd(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return connection;
}

bool Connection::says(const std::string& text, std::chrono::milliseconds limit) const {
    auto passes = [&text, limit](int from, int to) {
        std::string got(text.size(), '\0');
        if (::send(from, text.data(), text.size(), MSG_NOSIGNAL) < 0 || !wait_for(to, POLLIN, limit)) return false;
        return ::recv(to, got.data(), got.size(), MSG_DONTWAIT) == static_cast<ssize_t>(text.size()) && got == text;
    };
    return passes(client.get(), server.get()) && passes(server.get(), client.get());
}

Addr addr(std::string_view text) {
    return parse_addr(text).value();
}

Options options() {
    Options options;
    options.bpffs = bpffs();
    options.table_sizes = {{"bl_flows4", 4096}, {"bl_flows6", 4096}, {"bl_young4", 4096}, {"bl_young6", 4096}};
    return options;
}

plan::Node node() {
    auto prefix = [](const char* text) { return parse_prefix(text).value(); };
    return {.routers = {addr("10.244.0.1"), addr("fd44::1")},
            .pod_cidrs = {prefix("10.244.0.0/24"), prefix("fd44::/64")},
            .service_cidrs = {prefix("10.96.0.0/16"), prefix("fd96::/112")}};
}

plan::Endpoint endpoint(std::uint16_t n, const Container& container) {
    const std::string text = std::to_string(n);
    return {.id = EndpointId{n},
            .name = "default/pod-" + text,
            .netns = container.path(),
            .netns_inode = container.inode(),
            .ifname = "eth0",
            .host_ifname = "bl" + text,
            .addr4 = addr("10.244.0." + text),
            .addr6 = addr("fd44::" + text),
            .identity = IdentityId{300u + n},
            .policy = {}};
}

plan::Plan plan_of(std::uint64_t generation, const std::vector<plan::Endpoint>& endpoints) {
    plan::Plan plan;
    plan.generation = Generation{generation};
    plan.node = node();
    for (const Addr& router : plan.node.routers)
        plan.identities.emplace(router, IdentityId{abi::identity_host});
    for (const auto& e : endpoints)
        plan.endpoints.emplace(e.id, e);
    return plan;
}

void NodeTest::TearDown() {
    must(Kernel::uninstall(options()));
    EXPECT_EQ(must(netlink.links()).size(), 1u) << "only lo is left";
}

}  // namespace beeline::kernel::test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (::geteuid() != 0) {
        std::cerr << "not root: nothing was tested\n";
        return beeline::kernel::test::skipped;
    }
    if (!beeline::kernel::test::enter_sandbox()) return 1;
    // Namespaces go by themselves; the cgroup does not, so a parent outlives tests that crash.
    const pid_t tests = ::fork();
    if (tests == 0) return RUN_ALL_TESTS();
    int status = 0;
    ::waitpid(tests, &status, 0);
    ::rmdir(beeline::kernel::test::cgroup().c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
