// ARP and neighbour discovery: the datapath is the containers' router.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;
constexpr auto only6 = Family::v6;
constexpr Mac everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr Mac unknown{};
constexpr Mac solicited{0x33, 0x33, 0xff, 0, 0, 1};  // group of fd00::1
constexpr std::uint8_t solicitation = 135, advertisement = 136;

Addr addr4(const Node& n) {
    return n.addr(Family::v4);
}
Addr addr6(const Node& n) {
    return n.addr(Family::v6);
}

Frame who_has(const Node& asker, const Node& target) {
    return arp({everybody, asker.mac, 1, asker.mac, addr4(asker), unknown, addr4(target)});
}
Frame is_at(const Node& asker, const Node& target) {
    return arp({asker.mac, asker.gateway, 2, asker.gateway, addr4(target), asker.mac, addr4(asker)});
}

// ARP is IPv4's, and nobody sums it.
TEST_P(Packets, arp) {
    if (GetParam().family != Family::v4 || GetParam().complete) return;
    const std::vector<Row> rows = {
        {"who has the gateway: the host side of the container's veth",
         {sends(client, who_has(client, router)).answered(is_at(client, router))}},
        {"the answer leaves by the veth, past the egress hook",
         {sends(client, who_has(client, router)).answered(is_at(client, router)),
          then(abi::Hook::to_container, client).passes()}},
        {"each container hears of its own", {sends(web, who_has(web, router)).answered(is_at(web, router))}},
        {"the question may go to the gateway's MAC alone",
         {sends(client, arp({client.gateway, client.mac, 1, client.mac, addr4(client), unknown, addr4(router)}))
              .answered(is_at(client, router))}},
        {"other addresses are not here: a container's prefix is its own address",
         {sends(client, who_has(client, web)).quietly(Reason::absorbed),
          sends(client, who_has(client, world)).quietly(Reason::absorbed),
          sends(client, who_has(client, client)).quietly(Reason::absorbed)}},
        {"in another's name: no answer",
         {sends(client, arp({everybody, client.mac, 1, client.mac, addr4(web), unknown, addr4(router)}))
              .quietly(Reason::bad_source)}},
        {"answers end here",
         {sends(client, arp({client.gateway, client.mac, 2, client.mac, addr4(client), client.gateway, addr4(router)}))
              .quietly(Reason::absorbed)}},
        {"another hardware or protocol",
         {sends(client, arp({everybody, client.mac, 0x0101, client.mac, addr4(client), unknown, addr4(router)}))
              .quietly(Reason::absorbed)}},
        {"the host's own questions end at its device, and those for containers at theirs",
         {host_sends(arp({everybody, host.mac, 1, host.mac, addr4(router), unknown, addr4(web)}))
              .quietly(Reason::absorbed),
          stack_sends(web, arp({everybody, web.gateway, 1, web.gateway, addr4(router), unknown, addr4(web)}))
              .quietly(Reason::absorbed)}},
    };
    run_rows(GetParam(), rows);
}

TEST_P(Packets, arp_cut_at_every_byte) {
    if (GetParam().family != Family::v4) return;
    Lab lab(GetParam());
    const Frame whole = who_has(client, router);
    for (std::size_t bytes = 14; bytes < whole.size(); bytes++) {
        const Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
        EXPECT_EQ(lab.datapath().run({abi::Hook::from_container, device_of(client)}, cut).verdict, verdict_drop)
            << bytes;
    }
}

NdFields ask(const Node& asker, const Node& target) {
    return {solicited,     asker.mac, addr6(asker), address("ff02::1:ff00:1"), solicitation, 0,
            addr6(target), 1,         asker.mac};
}
// Router, solicited, override (RFC 4861, section 4.4).
Frame told(const Node& asker) {
    return neighbour({asker.mac, asker.gateway, addr6(router), addr6(asker), advertisement, 0xe0000000, addr6(router),
                      2, asker.gateway});
}
Frame nd(NdFields fields, void (*alter)(NdFields&)) {
    alter(fields);
    return neighbour(fields);
}

PACKET_ROWS(
    neighbour_discovery,
    {
        {"where is the router: the host side of the container's veth",
         {sends(client, neighbour(ask(client, router))).answered(told(client))},
         only6},
        {"each container hears of its own", {sends(api, neighbour(ask(api, router))).answered(told(api))}, only6},
        {"a probe straight to the router is answered too",
         {sends(client, nd(ask(client, router), [](NdFields& f) { f.to = addr6(router), f.dmac = client.gateway; }))
              .answered(told(client))},
         only6},
        {"without a link-layer option",
         {sends(client, nd(ask(client, router), [](NdFields& f) { f.option = 0; })).answered(told(client))},
         only6},
        {"other addresses are not here", {sends(client, neighbour(ask(client, web))).quietly(Reason::absorbed)}, only6},
        {"is my address taken: nobody says so",
         {sends(client, nd(ask(client, client), [](NdFields& f) { f.from = addr6(nobody), f.option = 0; }))
              .quietly(Reason::absorbed)},
         only6},
        {"in another's name: no answer",
         {sends(client, nd(ask(client, router), [](NdFields& f) { f.from = addr6(web); })).dropped(Reason::bad_source)},
         only6},
        {"advertisements end here",
         {sends(client, neighbour({client.gateway, client.mac, addr6(client), addr6(router), advertisement, 0,
                                   addr6(client), 2, client.mac}))
              .quietly(Reason::absorbed)},
         only6},
        {"router solicitations, redirects and group reports end here",
         {sends(client, icmp(client, all_routers, {0, 0, 133, 0})).quietly(Reason::absorbed),
          sends(client, icmp(client, client, {0, 0, 137, 0}).payload(32)).quietly(Reason::absorbed),
          sends(client, icmp(client, all_routers, {0, 0, 131, 0}).payload(16)).quietly(Reason::absorbed),
          sends(client, icmp(client, all_routers, {0, 0, 143, 0}).payload(20)).quietly(Reason::absorbed)},
         only6},
        {"group reports with the router alert that they carry",
         {sends(client, icmp(client, all_routers, {0, 0, 143, 0}).payload(20).extension(0)).quietly(Reason::absorbed)},
         only6},
        {"the host's own discovery ends at its device",
         {host_sends(neighbour({solicited, host.mac, addr6(router), address("ff02::1:ff00:3"), solicitation, 0,
                                addr6(web), 1, host.mac}))
              .quietly(Reason::absorbed)},
         only6},
    });

}  // namespace
}  // namespace beeline::packet
