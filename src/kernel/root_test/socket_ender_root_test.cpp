// Real sockets in namespaces of their own, ended in each of the two ways.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "ebpf/features.h"
#include "kernel/fakes.h"
#include "kernel/kernel_socket_ender.h"
#include "kernel/root_test/sandbox.h"

namespace beeline::kernel::test {
namespace {

using Way = KernelSocketEnder::Way;
constexpr std::uint16_t port = 5353;

struct Peer {
    const char* addr;
    std::uint16_t port = kernel::test::port;
};

// Connected by itself; what the socket hooks would have written down stands in a fake.
Fd connected(int family, int kind, const Peer& peer) {
    Fd made(::socket(family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(peer.port), .sin_addr = {}, .sin_zero = {}};
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(peer.port);
    void* host = family == AF_INET ? static_cast<void*>(&v4.sin_addr) : &v6.sin6_addr;
    EXPECT_EQ(::inet_pton(family, peer.addr, host), 1) << peer.addr;
    const auto* to = family == AF_INET ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    const int done = ::connect(made.get(), to, family == AF_INET ? sizeof v4 : sizeof v6);
    EXPECT_EQ(done, 0) << peer.addr << ": " << std::strerror(errno);
    return made;
}

// What the next call says: ECONNABORTED, or EAGAIN for a socket that lives.
int next_error(const Fd& socket) {
    char byte;
    return ::recv(socket.get(), &byte, 1, 0) < 0 ? errno : 0;
}

std::uint64_t cookie_of(const Fd& socket) {
    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
    return cookie;
}

class SocketEnderTest : public testing::TestWithParam<Way> {
protected:
    void SetUp() override {
        if (GetParam() == Way::iterator && !ebpf::probe(ebpf::Feature::sock_destroy).present)
            GTEST_SKIP() << "this kernel has no bpf_sock_destroy";
        if (auto there = probe_diag(); GetParam() == Way::diag && !there) GTEST_SKIP() << there.error().what;
        for (const Container* place : {&a, &b})
            place->run([] {
                auto inside = must(Netlink::open());
                must(inside.set_up(*must(inside.link("lo"))));
            });
    }

    Fd socket(const Container& where, int family, const Peer& peer) {
        Fd made;
        where.run([&] { made = connected(family, SOCK_DGRAM, peer); });
        return made;
    }
    static plan::FrontendKey frontend(const char* text) { return {addr(text), Port{53}, Proto::udp}; }
    template <class F>
    static typename F::MemberKey member(const char* front, const Peer& peer) {
        return wire_member<F>(frontend(front), {addr(peer.addr), Port{peer.port}});
    }
    template <class F>
    void came_by(const Fd& socket, const char* front, const Peer& peer) {
        must(fake::put_origin<F>(maps, cookie_of(socket), member<F>(front, peer)));
    }
    std::size_t end(const Departed& departed) {
        must(ender.end(departed, {{EndpointId{2}, endpoint(2, a)}, {EndpointId{3}, endpoint(3, b)}}));
        return ender.ended();
    }

    const Container a{"a"}, b{"b"};
    fake::Journal journal{};
    fake::FakeMaps maps{journal};
    KernelSocketEnder ender{{maps["bl_origins4"], maps["bl_origins6"], maps["bl_members4"], maps["bl_members6"]},
                            GetParam()};
};
INSTANTIATE_TEST_SUITE_P(ways, SocketEnderTest, testing::Values(Way::iterator, Way::diag),
                         [](const auto& way) { return way.param == Way::iterator ? "iterator" : "sock_diag"; });

TEST_P(SocketEnderTest, the_client_of_a_removed_backend_meets_the_end_and_can_connect_anew) {
    const Peer removed{"127.0.0.1"}, stays{"127.0.0.2"};
    const Fd concerned = socket(a, AF_INET, removed), elsewhere = socket(b, AF_INET, removed);
    const Fd other_backend = socket(a, AF_INET, stays), other_frontend = socket(a, AF_INET, removed);
    const Fd direct = socket(a, AF_INET, removed), turned = socket(a, AF_INET, stays);
    came_by<V4>(concerned, "10.96.0.1", removed);
    came_by<V4>(elsewhere, "10.96.0.1", removed);
    came_by<V4>(other_backend, "10.96.0.1", stays);
    came_by<V4>(other_frontend, "10.96.0.2", removed);
    came_by<V4>(turned, "10.96.0.1", removed);
    EXPECT_EQ(end({{member<V4>("10.96.0.1", removed)}, {}}), 2u);
    EXPECT_EQ(next_error(concerned), ECONNABORTED);
    EXPECT_EQ(next_error(elsewhere), ECONNABORTED) << "in another container";
    EXPECT_EQ(next_error(other_backend), EAGAIN);
    EXPECT_EQ(next_error(other_frontend), EAGAIN) << "there it is a backend still";
    EXPECT_EQ(next_error(direct), EAGAIN) << "it named that address itself";
    EXPECT_EQ(next_error(turned), EAGAIN) << "it has connected anew since";
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    to.sin_addr.s_addr = htonl(0x7f000002);
    EXPECT_EQ(::connect(concerned.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0) << std::strerror(errno);
    EXPECT_EQ(next_error(concerned), EAGAIN);
}

TEST_P(SocketEnderTest, IPv6_and_IPv4_over_IPv6_sockets_are_ended_too) {
    const Peer removed{"::1"}, stays{"::1", 5354}, v4{"127.0.0.1"};
    const Fd six = socket(a, AF_INET6, removed), other = socket(a, AF_INET6, stays);
    const Fd mapped = socket(a, AF_INET6, {"::ffff:127.0.0.1"});
    came_by<V6>(six, "fd96::1", removed);
    came_by<V6>(other, "fd96::1", stays);
    came_by<V4>(mapped, "10.96.0.1", v4);
    EXPECT_EQ(end({{member<V4>("10.96.0.1", v4)}, {member<V6>("fd96::1", removed)}}), 2u);
    EXPECT_EQ(next_error(six), ECONNABORTED);
    EXPECT_EQ(next_error(mapped), ECONNABORTED);
    EXPECT_EQ(next_error(other), EAGAIN);
}

TEST_P(SocketEnderTest, TCP_to_the_same_address_goes_on) {
    const Peer removed{"127.0.0.1"};
    const Listener listener = listen_in(a, addr(removed.addr), port);
    const Connection tcp = connect(a, addr(removed.addr), listener);
    const Fd udp = socket(a, AF_INET, removed);
    came_by<V4>(tcp.client, "10.96.0.1", removed);
    came_by<V4>(udp, "10.96.0.1", removed);
    EXPECT_EQ(end({{member<V4>("10.96.0.1", removed)}, {}}), 1u);
    EXPECT_EQ(next_error(udp), ECONNABORTED);
    EXPECT_TRUE(tcp.says("on"));
}

TEST_P(SocketEnderTest, sockets_of_the_node_are_ended_and_a_namespace_that_is_gone_does_not_matter) {
    const Peer removed{"127.0.0.1"};
    Fd nodes, inside = socket(a, AF_INET, removed);
    Container gone("gone");
    const plan::Endpoint lost = endpoint(4, gone);
    gone.vanish();
    came_by<V4>(inside, "10.96.0.1", removed);
    b.run([&] {  // which plays the node here
        nodes = connected(AF_INET, SOCK_DGRAM, removed);
        came_by<V4>(nodes, "10.96.0.1", removed);
        must(ender.end({{member<V4>("10.96.0.1", removed)}, {}},
                       {{EndpointId{2}, endpoint(2, a)}, {EndpointId{4}, lost}}));
    });
    EXPECT_EQ(next_error(nodes), ECONNABORTED);
    EXPECT_EQ(next_error(inside), ECONNABORTED);
}

TEST_P(SocketEnderTest, a_hundred_namespaces_take_no_noticeable_time) {
    std::vector<std::unique_ptr<Container>> places;
    plan::Endpoints endpoints;
    std::vector<Fd> sockets;
    const Peer removed{"127.0.0.1"};
    for (std::uint16_t n = 10; n < 110; n++) {
        places.push_back(std::make_unique<Container>("many" + std::to_string(n)));
        endpoints.emplace(EndpointId{n}, endpoint(n, *places.back()));
    }
    for (unsigned n = 0; n < 100; n++) {
        sockets.push_back(socket(a, AF_INET, removed));
        came_by<V4>(sockets.back(), "10.96.0.1", removed);
    }
    endpoints.emplace(EndpointId{2}, endpoint(2, a));
    const auto start = std::chrono::steady_clock::now();
    must(ender.end({{member<V4>("10.96.0.1", removed)}, {}}, endpoints));
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(ender.ended(), sockets.size());
    EXPECT_LT(taken, patience);
    std::cout << "101 namespaces, 100 sockets ended: " << taken.count() << " ms\n";
}

TEST(SocketEnder, nothing_is_looked_at_where_no_socket_is_concerned) {
    fake::Journal journal;
    fake::FakeMaps maps{journal};
    KernelSocketEnder ender({maps["bl_origins4"], maps["bl_origins6"], maps["bl_members4"], maps["bl_members6"]});
    plan::Endpoint broken{};
    broken.netns = "/proc/self/exe";
    abi::MemberKey4 member{};
    member.proto = abi::proto_udp;
    EXPECT_TRUE(ender.end({{member}, {}}, {{EndpointId{2}, broken}}));
    EXPECT_EQ(ender.ended(), 0u);
}

}  // namespace
}  // namespace beeline::kernel::test
