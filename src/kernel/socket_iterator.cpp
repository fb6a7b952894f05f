#include "ebpf/attach_iter.h"
#include "ebpf/map.h"
#include "ebpf/object.h"
#include "kernel/ebpf_result.h"
#include "kernel/object_bytes.h"
#include "kernel/socket_way.h"

namespace beeline::kernel {
namespace {

class ByIterator : public SocketWay {
public:
    explicit ByIterator(ebpf::Link link) : link_(std::move(link)) {}
    Result<std::size_t> end_here() override { return TRY(result_of(ebpf::run_iterator(link_))).size(); }

private:
    ebpf::Link link_;  // holds the program, which holds its map
};

}  // namespace

Result<std::unique_ptr<SocketWay>> way_by_iterator(const Doomed& doomed) {
    auto object = TRY(result_of(ebpf::Object::open(socket_end_bytes(), {.name = "beeline_sockets", .btf_path = ""})));
    CHECK(result_of(object.set_max_entries("bl_doomed", static_cast<std::uint32_t>(doomed.size() + 1))));
    CHECK(result_of(object.load()));
    const auto map = TRY(result_of(object.map<abi::DoomedSocket, abi::u32>("bl_doomed")));
    for (const abi::DoomedSocket& socket : doomed)
        CHECK(result_of(map.update(socket, 1)));
    const auto program = TRY(result_of(object.program("bl_iter_udp")));
    return std::make_unique<ByIterator>(TRY(result_of(ebpf::attach_iterator(program))));
}

}  // namespace beeline::kernel
