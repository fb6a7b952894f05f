#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "kernel/nl_object.h"
#include "kernel/socket_way.h"

namespace beeline::kernel {
namespace {

void free_socket(nl_sock* socket) {
    nl_socket_free(socket);
}
using NlSocket = std::unique_ptr<nl_sock, NlPut<nl_sock, free_socket>>;
using NlMessage = std::unique_ptr<nl_msg, NlPut<nl_msg, nlmsg_free>>;

// What the kernel calls a socket.
struct Found {
    abi::u8 family;
    inet_diag_sockid id;
};

Result<NlSocket> open_socket() {
    NlSocket socket(nl_socket_alloc());
    if (!socket) return fail(Errc::kernel, "sock_diag: no memory");
    const int error = nl_connect(socket.get(), NETLINK_SOCK_DIAG);
    if (error < 0) return nl_fail("sock_diag: connect", error);
    return socket;
}

// "No such object" is what a kernel without the module that knows UDP sockets says.
std::unexpected<Error> diag_fail(const std::string& what, int error) {
    auto failed = nl_fail("sock_diag: " + what, error);
    if (nl_is(error, NLE_OPNOTSUPP) || nl_is(error, NLE_OBJ_NOTFOUND)) failed.error().code = Errc::unsupported;
    return failed;
}

NlMessage message(int type, int flags, const inet_diag_req_v2& request) {
    NlMessage made(nlmsg_alloc_simple(type, flags));
    inet_diag_req_v2 copy = request;
    if (made && nlmsg_append(made.get(), &copy, sizeof copy, NLMSG_ALIGNTO) < 0) made.reset();
    return made;
}

inet_diag_req_v2 request_for(abi::u8 family) {
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = IPPROTO_UDP;
    request.idiag_states = 1u << TCP_ESTABLISHED;  // of UDP: connected
    return request;
}

abi::DoomedSocket describe(const Found& found) {
    abi::DoomedSocket key{};
    key.cookie = found.id.idiag_cookie[0] | static_cast<abi::u64>(found.id.idiag_cookie[1]) << 32;
    key.port = found.id.idiag_dport;
    if (found.family == AF_INET)
        key.peer = abi::mapped({found.id.idiag_dst[0]});
    else
        std::memcpy(&key.peer, found.id.idiag_dst, sizeof key.peer);
    return key;
}

struct Collection {
    const Doomed& doomed;
    std::vector<Found> found{};
};

int collect(nl_msg* message, void* to) {
    auto& collection = *static_cast<Collection*>(to);
    const nlmsghdr* header = nlmsg_hdr(message);
    if (!nlmsg_valid_hdr(header, sizeof(inet_diag_msg))) return NL_SKIP;
    inet_diag_msg row;
    std::memcpy(&row, nlmsg_data(header), sizeof row);
    const Found found{row.idiag_family, row.id};
    if (collection.doomed.contains(describe(found))) collection.found.push_back(found);
    return NL_OK;
}

Result<> dump(nl_sock* socket, abi::u8 family, Collection& collection) {
    const NlMessage request = message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request_for(family));
    if (!request) return fail(Errc::kernel, "sock_diag: no memory");
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, collect, &collection);
    int error = nl_send_auto(socket, request.get());
    if (error >= 0) error = nl_recvmsgs_default(socket);
    if (error < 0) return diag_fail("list of UDP sockets", error);
    return {};
}

// Returns libnl's code. The message is freed by libnl.
int destroy(nl_sock* socket, const Found& found) {
    inet_diag_req_v2 request = request_for(found.family);
    request.id = found.id;
    NlMessage order = message(SOCK_DESTROY, 0, request);
    return order ? nl_send_sync(socket, order.release()) : -NLE_NOMEM;
}

class ByDiag : public SocketWay {
public:
    explicit ByDiag(const Doomed& doomed) : doomed_(doomed) {}
    Result<std::size_t> end_here() override {
        const NlSocket socket = TRY(open_socket());
        Collection collection{doomed_};
        for (const abi::u8 family : {AF_INET, AF_INET6})
            CHECK(dump(socket.get(), family, collection));
        std::size_t ended = 0;
        for (const Found& found : collection.found) {
            const int error = destroy(socket.get(), found);
            if (error < 0 && !nl_is(error, NLE_OBJ_NOTFOUND)) return diag_fail("end a UDP socket", error);
            ended += error >= 0;  // else it has gone by itself
        }
        return ended;
    }

private:
    Doomed doomed_;
};

}  // namespace

Result<std::unique_ptr<SocketWay>> way_by_diag(const Doomed& doomed) {
    return std::make_unique<ByDiag>(doomed);
}

Result<> probe_diag() {
    const Fd victim(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    socklen_t length = sizeof at, cookie_length = sizeof(std::uint64_t);
    Found found{AF_INET, {}};
    if (::bind(victim.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) < 0 ||
        ::getsockname(victim.get(), reinterpret_cast<sockaddr*>(&at), &length) < 0 ||
        ::getsockopt(victim.get(), SOL_SOCKET, SO_COOKIE, found.id.idiag_cookie, &cookie_length) < 0)
        return fail(Errc::io, std::string("a UDP socket to try it with: ") + std::strerror(errno), errno);
    found.id.idiag_sport = at.sin_port;
    const NlSocket socket = TRY(open_socket());
    const int error = destroy(socket.get(), found);
    if (error < 0) return diag_fail("end a UDP socket", error);
    return {};
}

}  // namespace beeline::kernel
