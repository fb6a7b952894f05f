#include "kernel/vlan.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/file.h"

namespace beeline::kernel {

std::string vlan_on(const LinkInfo& link, const Network& network) {
    const auto found = std::ranges::find_if(
        network.links, [&](const LinkInfo& other) { return other.kind == "vlan" && other.peer == link.index; });
    return found == network.links.end() ? "" : found->name;
}

bool hides_tags(const LinkInfo& link) {
    if (!link.kind.empty()) return true;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value flags{.cmd = ETHTOOL_GFLAGS, .data = 0};
    ifreq request{};
    link.name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = reinterpret_cast<char*>(&flags);
    const bool told = socket && ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0;
    return !told || (flags.data & ETH_FLAG_RXVLAN) != 0;
}

}  // namespace beeline::kernel
