// The reader of a BPF_MAP_TYPE_RINGBUF map. One thread reads at a time.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "ebpf/raw_map.h"

struct ring_buffer;

namespace ebpf {

class RingBuffer {
public:
    // Bytes of one record; valid during the call only. It must not throw.
    using Handler = std::function<void(std::span<const std::byte>)>;

    // Errc::invalid if the map is of another kind.
    static Result<RingBuffer> open(const RawMap& map, Handler handler);
    RingBuffer(RingBuffer&&) noexcept;
    RingBuffer& operator=(RingBuffer&&) noexcept;
    ~RingBuffer();

    // Hands over what is there; returns the number of records.
    Result<std::size_t> consume();
    // The same, waiting for the first record; 0: none came. A negative timeout waits for ever. A signal ends the wait.
    Result<std::size_t> poll(std::chrono::milliseconds timeout);
    // Readable when there are records (level-triggered): for epoll or Asio, then consume().
    int fd() const;

private:
    struct State;
    explicit RingBuffer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ebpf
