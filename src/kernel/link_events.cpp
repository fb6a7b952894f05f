#include "kernel/link_events.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>

#include "kernel/host_pair.h"
#include "kernel/nl_object.h"

namespace beeline::kernel {
namespace {

constexpr int groups[] = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                          RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE};
constexpr int buffer_bytes = 1 << 20;  // a routing daemon changes thousands of routes at once

int note(nl_msg* message, void* to) {
    auto* seen = static_cast<LinkNotices*>(to);
    nl_object* object = nullptr;
    const int type = nlmsg_hdr(message)->nlmsg_type;
    if (type != RTM_NEWLINK && type != RTM_DELLINK) {
        seen->network = true;
        return NL_OK;
    }
    auto parsed = [](nl_object* link, void* out) {
        nl_object_get(link);
        *static_cast<nl_object**>(out) = link;
    };
    if (nl_msg_parse(message, parsed, &object) < 0 || object == nullptr) return NL_OK;
    const NlLink link(reinterpret_cast<rtnl_link*>(object));
    const char* name = rtnl_link_get_name(link.get());
    const LinkEvent& event = seen->links.emplace_back(
        LinkEvent{Ifindex{static_cast<std::uint32_t>(rtnl_link_get_ifindex(link.get()))}, name == nullptr ? "" : name,
                  type == RTM_DELLINK, (rtnl_link_get_flags(link.get()) & IFF_UP) != 0});
    if (!is_our_name(event.name)) seen->network = true;
    return NL_OK;
}

}  // namespace

void LinkEvents::Close::operator()(nl_sock* socket) const {
    nl_socket_free(socket);
}

LinkEvents::LinkEvents(nl_sock* socket) : socket_(socket), seen_(std::make_unique<LinkNotices>()) {}

Result<LinkEvents> LinkEvents::open() {
    LinkEvents events(nl_socket_alloc());
    nl_sock* socket = events.socket_.get();
    if (socket == nullptr) return fail(Errc::kernel, "netlink: no memory");
    nl_socket_disable_seq_check(socket);
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, note, events.seen_.get());
    int error = nl_connect(socket, NETLINK_ROUTE);
    for (const int group : groups)
        if (error >= 0) error = nl_socket_add_membership(socket, group);
    if (error >= 0) error = nl_socket_set_nonblocking(socket);
    if (error < 0) return nl_fail("netlink: subscribe to device notices", error);
    (void)nl_socket_add_membership(socket, RTNLGRP_NEXTHOP);  // Linux 5.3
    (void)nl_socket_set_buffer_size(socket, buffer_bytes, 0);
    return events;
}

int LinkEvents::fd() const {
    return nl_socket_get_fd(socket_.get());
}

Result<LinkNotices> LinkEvents::read() {
    int error = 0;
    while ((error = nl_recvmsgs_default(socket_.get())) >= 0) {
    }
    auto seen = std::exchange(*seen_, {});
    if (nl_is(error, NLE_AGAIN)) return seen;
    return fail(Errc::unavailable, std::string("device notices were lost: ") + nl_geterror(error));
}

}  // namespace beeline::kernel
