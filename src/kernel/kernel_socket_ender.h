// SocketEnder by whatever the kernel has: iterator program, else sock_diag, else nothing.
#pragma once
#include "kernel/socket_way.h"

namespace beeline::kernel {

class KernelSocketEnder : public SocketEnder {
public:
    enum class Way { automatic, iterator, diag };
    explicit KernelSocketEnder(const OriginMaps& maps, Way way = Way::automatic) : maps_(maps), way_(way) {}
    // On a kernel that has neither nothing is done, and nothing reported: `beeline doctor` says so.
    Result<> end(const Departed& departed, const plan::Endpoints& endpoints) override;
    // By the last end().
    std::size_t ended() const { return ended_; }

private:
    Result<std::unique_ptr<SocketWay>> open_way(const Doomed& doomed);

    OriginMaps maps_;
    Way way_;
    std::size_t ended_ = 0;
};

}  // namespace beeline::kernel
