#include "ebpf/ring_buffer.h"

#include <bpf/libbpf.h>

#include <cerrno>

#include "ebpf/capture.h"

namespace ebpf {

struct RingBuffer::State {
    Handler handler;
    Fd map;
    ring_buffer* ring = nullptr;
    ~State() { ring_buffer__free(ring); }

    static int on_record(void* state, void* data, std::size_t size) {
        static_cast<State*>(state)->handler({static_cast<const std::byte*>(data), size});
        return 0;
    }
};

RingBuffer::RingBuffer(std::unique_ptr<State> state) : state_(std::move(state)) {}
RingBuffer::RingBuffer(RingBuffer&&) noexcept = default;
RingBuffer& RingBuffer::operator=(RingBuffer&&) noexcept = default;
RingBuffer::~RingBuffer() = default;

Result<RingBuffer> RingBuffer::open(const RawMap& map, Handler handler) {
    const std::string what = "ring buffer '" + map.info().name + "'";
    if (map.info().type != BPF_MAP_TYPE_RINGBUF)
        return fail(Errc::invalid, what + " is a map of kind " + map_type_name(map.info().type));
    Capture capture;
    auto state = std::make_unique<State>();
    state->handler = std::move(handler);
    state->map = EBPF_TRY(Fd::duplicate(map.fd()));
    state->ring = ring_buffer__new(state->map.get(), State::on_record, state.get(), nullptr);
    if (!state->ring) return fail_sys(what, errno);
    return RingBuffer(std::move(state));
}

Result<std::size_t> RingBuffer::consume() {
    const int count = ring_buffer__consume(state_->ring);
    if (count < 0) return fail_sys("read a ring buffer", count);
    return static_cast<std::size_t>(count);
}

Result<std::size_t> RingBuffer::poll(std::chrono::milliseconds timeout) {
    const int wait = timeout.count() < 0 ? -1 : static_cast<int>(timeout.count());
    const int count = ring_buffer__poll(state_->ring, wait);
    if (count == -EINTR) return 0;
    if (count < 0) return fail_sys("wait for a ring buffer", count);
    return static_cast<std::size_t>(count);
}

int RingBuffer::fd() const {
    return ring_buffer__epoll_fd(state_->ring);
}

}  // namespace ebpf
