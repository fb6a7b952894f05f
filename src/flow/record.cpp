#include "flow/record.h"

#include <fmt/format.h>

#include <ctime>

namespace beeline::flow {

bool RecordFilter::matches(const FlowRecord& record) const {
    if (dropped && *dropped != record.dropped()) return false;
    const auto is_pod = [&](const Peer& peer) { return peer.pod && peer.pod->name == *pod; };
    if (pod && !is_pod(record.source) && !is_pod(record.destination)) return false;
    if (!port) return true;
    return record.source.port == *port || record.destination.port == *port ||
           (record.service && record.service->port == *port);
}

std::string rfc3339(std::int64_t unix_ns) {
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t ns = unix_ns % second;
    std::time_t seconds = unix_ns / second;
    if (ns < 0) {
        ns += second;
        seconds--;
    }
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, ns);
}

}  // namespace beeline::flow
