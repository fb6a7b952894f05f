// Owners of libnl's counted objects, and its errors as ours. For the netlink files only.
#pragma once
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

#include <memory>
#include <optional>
#include <string>

#include "base/addr.h"
#include "base/result.h"

namespace beeline::kernel {

template <class T, void (*put)(T*)>
struct NlPut {
    void operator()(T* object) const { put(object); }
};
using NlLink = std::unique_ptr<rtnl_link, NlPut<rtnl_link, rtnl_link_put>>;
using NlAddr = std::unique_ptr<nl_addr, NlPut<nl_addr, nl_addr_put>>;
using NlLinkAddr = std::unique_ptr<rtnl_addr, NlPut<rtnl_addr, rtnl_addr_put>>;
using NlRoute = std::unique_ptr<rtnl_route, NlPut<rtnl_route, rtnl_route_put>>;
using NlCache = std::unique_ptr<nl_cache, NlPut<nl_cache, nl_cache_free>>;

// `code` is what a libnl call returned: negative NLE_*.
inline std::unexpected<Error> nl_fail(const std::string& what, int code) {
    return fail(Errc::kernel, what + ": " + nl_geterror(code));
}
inline bool nl_is(int code, int error) {
    return code == -error;
}

inline NlAddr nl_address(const Prefix& prefix) {
    const bool v4 = prefix.addr.v4();
    NlAddr addr(nl_addr_build(v4 ? AF_INET : AF_INET6, prefix.addr.bytes.data(), v4 ? 4 : 16));
    if (addr) nl_addr_set_prefixlen(addr.get(), prefix.length);
    return addr;
}
inline NlAddr nl_address(const Addr& addr) {
    return nl_address(Prefix{addr, std::uint8_t(addr.v4() ? 32 : 128)});
}

// nullopt for other families and for libnl's "any" (length 0).
std::optional<Addr> addr_of(nl_addr* addr);

}  // namespace beeline::kernel
