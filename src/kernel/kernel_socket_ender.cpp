#include "kernel/kernel_socket_ender.h"

#include "ebpf/features.h"
#include "kernel/netns.h"

namespace beeline::kernel {
namespace {

// A namespace that is gone has no sockets.
Result<std::size_t> end_inside(SocketWay& way, const plan::Endpoint& endpoint) {
    const auto netns = TRY(open_netns(endpoint.netns, endpoint.netns_inode));
    std::size_t ended = 0;
    if (!netns) return ended;
    CHECK(in_netns(*netns, [&]() -> Result<> {
        ended = TRY(way.end_here());
        return {};
    }));
    return ended;
}

}  // namespace

// Asked once. A kernel that has the function may still refuse the program.
Result<std::unique_ptr<SocketWay>> KernelSocketEnder::open_way(const Doomed& doomed) {
    if (way_ == Way::automatic) {
        const bool there = ebpf::probe(ebpf::Feature::sock_destroy).present && way_by_iterator({});
        way_ = there ? Way::iterator : Way::diag;
    }
    return way_ == Way::iterator ? way_by_iterator(doomed) : way_by_diag(doomed);
}

Result<> KernelSocketEnder::end(const Departed& departed, const plan::Endpoints& endpoints) {
    ended_ = 0;
    const Doomed doomed = TRY(find_doomed(maps_, departed));
    if (doomed.empty()) return {};
    const auto way = TRY(open_way(doomed));
    Result<> outcome;
    const auto count = [&](Result<std::size_t> ended) {
        if (ended)
            ended_ += *ended;
        else if (outcome && ended.error().code != Errc::unsupported)
            outcome = std::unexpected(std::move(ended).error());
    };
    count(way->end_here());
    for (const auto& [id, endpoint] : endpoints)
        count(end_inside(*way, endpoint));
    return outcome;
}

}  // namespace beeline::kernel
