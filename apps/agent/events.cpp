#include "apps/agent/events.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "apps/agent/log.h"
#include "base/time.h"

namespace beeline::agent {
namespace {

// The datapath wakes the reader only when much has piled up; the rest is fetched this often.
constexpr int poll_ms = 100;

std::int64_t unix_minus_monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec - static_cast<std::int64_t>(monotonic_ns());
}

}  // namespace

void take_event(std::span<const std::byte> bytes, flow::Enricher& enricher, flow::Journal& journal) {
    const auto event = flow::decode(bytes);
    if (!event) return journal.add_malformed();
    journal.add(enricher.enrich(*event, unix_minus_monotonic_ns()));
}

Result<std::unique_ptr<EventReader>> EventReader::start(ebpf::RingBuffer ring) {
    Fd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop) return fail(Errc::io, std::string("eventfd: ") + strerror(errno), errno);
    std::unique_ptr<EventReader> reader(new EventReader(std::move(ring), std::move(stop)));
    // Signals are the loop's.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    reader->thread_ = std::thread([raw = reader.get()] { raw->read(); });
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    return reader;
}

EventReader::~EventReader() {
    eventfd_write(stop_.get(), 1);
    if (thread_.joinable()) thread_.join();
}

void EventReader::read() {
    pollfd waits[] = {{stop_.get(), POLLIN, 0}, {ring_.fd(), POLLIN, 0}};
    while (true) {
        poll(waits, 2, poll_ms);
        if (const auto read = ring_.consume(); !read) {
            log_error("events cannot be read any more: " + read.error().what);
            return;
        }
        if (waits[0].revents != 0) return;
    }
}

}  // namespace beeline::agent
