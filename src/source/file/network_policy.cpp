#include <fmt/format.h>

#include "source/file/kinds.h"

// Every field of a policy is named here, and one that is not known is refused: to pass over a misspelt `from` or
// `matchLabels` would allow everybody.
namespace beeline::source::file {
namespace {

using Limits = std::vector<std::string>;

// A direction's words.
struct Side {
    const char* rules;  // "ingress"
    const char* peers;  // "from"
};

void limit(Limits& limits, const Field& field, std::string_view what) {
    limits.push_back(fmt::format("{}: {} not enforced by this version; the entry allows nothing", field.path(), what));
}

model::Selector read_closed_selector(const Field& map) {
    map.refuse_others({"matchLabels", "matchExpressions"});
    for (const Field& expression : map.at("matchExpressions").quiet_items())
        expression.refuse_others({"key", "operator", "values"});
    return read_selector(map);
}

// The API allows host bits in these prefixes.
std::optional<Prefix> read_cidr(const Field& field) {
    const auto text = field.text();
    if (!text) return {};
    const auto slash = text->find('/');
    const auto addr = parse_addr(text->substr(0, slash));
    // The length is checked against the family by parsing it with an address that has no host bits.
    const auto length = slash == text->npos ? std::string("/") : text->substr(slash);
    const auto whole = parse_prefix((addr && addr->v4() ? "0.0.0.0" : "::") + length);
    if (addr && whole) return Prefix{*addr, whole->length};
    field.refuse("is not a prefix (address/length)");
    return {};
}

bool holds(const Prefix& outer, const Prefix& inner) {
    if (outer.addr.family != inner.addr.family || inner.length <= outer.length) return false;
    for (unsigned bit = 0; bit < outer.length; ++bit) {
        const unsigned difference = outer.addr.bytes[bit / 8] ^ inner.addr.bytes[bit / 8];
        if ((difference & (0x80U >> (bit % 8))) != 0) return false;
    }
    return true;
}

void check_ip_block(const Field& block) {
    block.refuse_others({"cidr", "except"});
    const auto cidr = block.at("cidr").require() ? read_cidr(block.at("cidr")) : std::nullopt;
    for (const Field& item : block.at("except").items()) {
        const auto except = item.require() ? read_cidr(item) : std::nullopt;
        if (cidr && except && !holds(*cidr, *except)) item.refuse("is not inside cidr");
    }
}

// Nothing for an entry that is wrong, or that cannot be enforced.
std::optional<model::PolicyPeer> read_peer(const Field& field, Limits& limits) {
    field.refuse_others({"podSelector", "namespaceSelector", "ipBlock"});
    const Field pods = field.at("podSelector").map(), namespaces = field.at("namespaceSelector").map();
    const Field block = field.at("ipBlock").map();
    model::PolicyPeer peer;
    if (pods.present()) peer.pods = read_closed_selector(pods);
    if (namespaces.present()) peer.namespaces = read_closed_selector(namespaces);
    if (peer.pods || peer.namespaces) {
        if (block.present()) block.refuse("does not stand beside a selector");
        return peer;
    }
    if (!block.present()) {
        field.refuse("needs a podSelector, namespaceSelector or ipBlock");
        return {};
    }
    check_ip_block(block);
    limit(limits, block, "address ranges are");
    return {};
}

std::optional<model::PolicyPort> read_range(const Field& field, model::PolicyPort port, Limits& limits) {
    const Field end = field.at("endPort");
    const auto last = end.port();
    if (!field.at("port").present()) end.refuse("needs a port");
    if (!last || port.port.value == 0) return {};
    if (*last < port.port) end.refuse("is below port");
    if (*last == port.port) return port;
    limit(limits, end, "port ranges are");
    return {};
}

std::optional<model::PolicyPort> read_port(const Field& field, Limits& limits) {
    field.refuse_others({"protocol", "port", "endPort"});
    model::PolicyPort port;
    port.proto = read_protocol(field.at("protocol"));
    const Field number = field.at("port"), end = field.at("endPort");
    if (number.is_string() && number.text(port_name)) {
        if (end.present()) end.refuse("needs a port by number");
        limit(limits, number, "ports by name are");
        return {};
    }
    if (!number.is_string()) port.port = number.port().value_or(Port{});
    return end.present() ? read_range(field, port, limits) : port;
}

model::PolicyRule read_rule(const Field& field, const char* peers_key, Limits& limits) {
    field.refuse_others({peers_key, "ports"});
    model::PolicyRule rule;
    const std::vector<Field> peers = field.at(peers_key).maps(), ports = field.at("ports").maps();
    for (const Field& item : peers)
        if (auto peer = read_peer(item, limits)) rule.peers.push_back(std::move(*peer));
    for (const Field& item : ports)
        if (auto port = read_port(item, limits)) rule.ports.push_back(*port);
    // Empty lists would mean "everybody" and "everything"; entries that cannot be enforced must not end there.
    rule.nothing = (rule.peers.empty() && !peers.empty()) || (rule.ports.empty() && !ports.empty());
    return rule;
}

// The rules of a direction; none if the policy does not isolate it, for they allow nothing then.
std::vector<model::PolicyRule> read_rules(const Field& spec, const Side& side, bool isolates, Limits& limits) {
    std::vector<model::PolicyRule> rules;
    Limits own;
    for (const Field& field : spec.at(side.rules).maps())
        rules.push_back(read_rule(field, side.peers, own));
    if (!isolates) return {};
    limits.insert(limits.end(), own.begin(), own.end());
    return rules;
}

void read_types(const Field& spec, model::NetworkPolicy& policy) {
    static constexpr Choice<bool> types[]{{"Ingress", false}, {"Egress", true}};
    const std::vector<Field> fields = spec.at("policyTypes").items();
    for (const Field& field : fields) {
        const auto egress = field.require() ? field.choice(types) : std::nullopt;
        if (egress) (*egress ? policy.isolates_egress : policy.isolates_ingress) = true;
    }
    if (!fields.empty()) return;
    policy.isolates_ingress = true;
    policy.isolates_egress = !spec.at("egress").quiet_items().empty();
}

}  // namespace

std::optional<model::Object> read_network_policy(const Field& root, model::Meta meta) {
    model::NetworkPolicy policy{.meta = std::move(meta)};
    const Field spec = root.at("spec").map();
    spec.refuse_others({"podSelector", "policyTypes", "ingress", "egress"});
    policy.pods = read_closed_selector(spec.at("podSelector").map());
    read_types(spec, policy);
    policy.ingress = read_rules(spec, {"ingress", "from"}, policy.isolates_ingress, policy.limits);
    policy.egress = read_rules(spec, {"egress", "to"}, policy.isolates_egress, policy.limits);
    return policy;
}

}  // namespace beeline::source::file
