#include "flow/decode.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

namespace beeline::flow {
namespace {

Addr addr_of(const abi::u32 (&words)[4], Family family) {
    Addr addr{family, {}};
    std::memcpy(addr.bytes.data(), words, family == Family::v4 ? 4 : 16);
    return addr;
}

bool known(abi::EventKind kind) {
    switch (kind) {
        case abi::EventKind::flow:
        case abi::EventKind::drop:
        case abi::EventKind::answer:
            return true;
    }
    return false;
}
bool known(abi::Hook hook) {
    switch (hook) {
#define X(name, code, direction) \
    case abi::Hook::name:        \
        return true;
        BEELINE_HOOKS(X)
#undef X
    }
    return false;
}

Result<> check(const abi::Event& raw) {
    if (!known(static_cast<abi::EventKind>(raw.kind)))
        return fail(Errc::invalid, fmt::format("event: unknown kind {}", raw.kind));
    if (!known(static_cast<abi::Hook>(raw.hook)))
        return fail(Errc::invalid, fmt::format("event: unknown hook {}", raw.hook));
    if (raw.family != 4 && raw.family != 6)
        return fail(Errc::invalid, fmt::format("event: address family {} is neither 4 nor 6", raw.family));
    return {};
}

}  // namespace

Result<Event> decode(std::span<const std::byte> bytes) {
    abi::Event raw;
    if (bytes.size() != sizeof(raw))
        return fail(Errc::invalid, fmt::format("event: {} bytes, expected {}", bytes.size(), sizeof(raw)));
    std::memcpy(&raw, bytes.data(), sizeof(raw));
    CHECK(check(raw));
    const auto family = static_cast<Family>(raw.family);
    return Event{.time_ns = raw.time_ns,
                 .family = family,
                 .proto = static_cast<Proto>(raw.proto),
                 .source = addr_of(raw.saddr, family),
                 .destination = addr_of(raw.daddr, family),
                 .source_port = {ntohs(raw.sport)},
                 .destination_port = {ntohs(raw.dport)},
                 .backend = addr_of(raw.backend, family),
                 .backend_port = {ntohs(raw.backend_port)},
                 .source_identity = {raw.src_identity},
                 .destination_identity = {raw.dst_identity},
                 .ifindex = {raw.ifindex},
                 .rule = {raw.rule},
                 .suppressed = raw.suppressed,
                 .length = raw.length,
                 .tcp = raw.tcp,
                 .kind = static_cast<abi::EventKind>(raw.kind),
                 .hook = static_cast<abi::Hook>(raw.hook),
                 .reason = static_cast<abi::Reason>(raw.reason),
                 .redecided = (raw.flags & abi::event_redecided) != 0,
                 .translated = (raw.flags & abi::event_translated) != 0,
                 .reply = (raw.flags & abi::event_reply) != 0};
}

}  // namespace beeline::flow
