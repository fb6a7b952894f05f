#include "apps/cli/flow_filter.h"

namespace beeline::cli {
namespace {

std::string api_proto(const std::string& proto) {
    if (proto == "tcp") return "TCP";
    if (proto == "udp") return "UDP";
    if (proto == "sctp") return "SCTP";
    if (proto == "icmp") return "ICMP";
    return proto == "icmpv6" ? "ICMPv6" : "";
}

}  // namespace

void FlowFilter::declare(Declare& declare) {
    declare.text(
        {"--addr", "ADDRESS|PREFIX", "Only flows with this address on either side, before or after translation."},
        addr_);
    declare.text({"--pod", "NAMESPACE/NAME", "Only flows of this pod, on either side."}, pod_);
    declare.text({"--service", "NAMESPACE/NAME", "Only flows to this Service."}, service_);
    declare.number({"--port", "PORT", "Only flows with this port on either side."}, port_);
    declare.text({"--proto", "tcp|udp|sctp|icmp|icmpv6", "Only flows of this protocol."}, proto_);
    declare.text({"--state", "new|established|closing|denied|stale", "Only flows in this state."}, state_);
    declare.text({"--family", "v4|v6", "Only flows of this address family."}, family_);
}

bool FlowFilter::empty() const {
    return addr_.empty() && pod_.empty() && service_.empty() && state_.empty() && proto_.empty() && family_.empty() &&
           !port_;
}

api::client::Query FlowFilter::query() const {
    return {{"addr", addr_},
            {"pod", pod_},
            {"service", service_},
            {"state", state_},
            {"port", port_ ? std::to_string(*port_) : ""},
            {"proto", api_proto(proto_)},
            {"family", family_.empty() ? "" : family_.substr(1)}};
}

}  // namespace beeline::cli
