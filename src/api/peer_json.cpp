#include "api/peer_json.h"

#include "abi/flow.h"

namespace beeline::api {
namespace {

const char* kind_name(abi::EventKind kind) {
    switch (kind) {
        case abi::EventKind::flow:
            return "flow";
        case abi::EventKind::drop:
            return "drop";
        case abi::EventKind::answer:
            return "answer";
    }
    return "unknown";
}

std::string tcp_flags(std::uint8_t seen) {
    std::string text;
    const auto add = [&](std::uint8_t bit, const char* name) {
        if (seen & bit) text += (text.empty() ? "" : ",") + std::string(name);
    };
    add(abi::tcp_syn, "SYN");
    add(abi::tcp_fin, "FIN");
    add(abi::tcp_rst, "RST");
    add(abi::tcp_ack, "ACK");
    return text;
}

}  // namespace

json::object peer_json(const flow::Peer& peer) {
    json::object object{{"name", peer.name}, {"addr", to_string(peer.addr)}};
    if (peer.port.value != 0) object["port"] = peer.port.value;
    if (peer.identity.value != 0) object["identity"] = peer.identity.value;
    if (!peer.pod) return object;
    object["pod"] = to_string(peer.pod->name);
    object["labels"] = labels_json(peer.pod->labels);
    return object;
}

json::object record_json(const flow::FlowRecord& record) {
    json::object object{{"time", flow::rfc3339(record.time_ns)},
                        {"kind", kind_name(record.kind)},
                        {"verdict", record.dropped() ? "dropped" : "forwarded"},
                        {"reason", abi::reason_name(record.reason)},
                        {"reason_text", abi::reason_text(record.reason)},
                        {"family", static_cast<int>(record.family)},
                        {"protocol", to_string(record.proto)},
                        {"source", peer_json(record.source)},
                        {"destination", peer_json(record.destination)},
                        {"hook", abi::hook_name(record.hook)},
                        {"direction", abi::hook_direction(record.hook)},
                        {"reply", record.reply},
                        {"redecided", record.redecided},
                        {"suppressed", record.suppressed},
                        {"length", record.length},
                        {"ifindex", record.ifindex.value}};
    if (record.service) {
        json::object service{{"addr", to_string(record.service->addr)}, {"port", record.service->port.value}};
        if (!record.service->name.empty()) service["name"] = record.service->name;
        object["service"] = std::move(service);
    }
    if (!record.rule_text.empty()) object["rule"] = record.rule_text;
    if (record.rule.value != 0) object["rule_id"] = record.rule.value;
    if (record.tcp != 0) object["tcp_flags"] = tcp_flags(record.tcp);
    return object;
}

}  // namespace beeline::api
