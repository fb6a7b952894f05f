// The reader of the datapath's events: a thread of its own, so that a busy loop loses none.
#pragma once
#include <thread>

#include "base/file.h"
#include "ebpf/ring_buffer.h"
#include "flow/enrich.h"
#include "flow/journal.h"

namespace beeline::agent {

// Turns bytes into records; the handler of the ring buffer.
void take_event(std::span<const std::byte> bytes, flow::Enricher& enricher, flow::Journal& journal);

class EventReader {
public:
    // The ring buffer's handler runs on the reader's thread until the destructor returns. Errors: io.
    static Result<std::unique_ptr<EventReader>> start(ebpf::RingBuffer ring);
    ~EventReader();

private:
    EventReader(ebpf::RingBuffer ring, Fd stop) : ring_(std::move(ring)), stop_(std::move(stop)) {}
    void read();

    ebpf::RingBuffer ring_;
    Fd stop_;  // eventfd
    std::thread thread_;
};

}  // namespace beeline::agent
