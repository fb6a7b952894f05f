#include "source/file/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace beeline::source::file {
namespace {

using model::Probe;
using Ports = std::span<const model::ContainerPort>;

constexpr const char* handler_names = "exec, grpc, httpGet and tcpSocket";

bool is_header_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, allowed);
}

// What would end the line begins another header, or another request.
bool is_header_value(std::string_view text) {
    return text.size() <= 8192 && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

const Rule header_name{is_header_name, "is not a header name (letters, digits and '-', at most 256)"};
const Rule header_value{is_header_value, "is not a header value (no control characters, at most 8192 bytes)"};

// 0 means the default, as the API server fills it in.
void read_number(const Field& field, unsigned& target) {
    constexpr int most = std::numeric_limits<int>::max();
    const auto number = field.number();
    if (!number || *number == 0) return;
    if (*number < 0 || *number > most) return field.refuse(fmt::format("is outside 0-{}", most));
    target = static_cast<unsigned>(*number);
}

Port read_port(const Field& field, Ports ports) {
    if (!field.require()) return {};
    if (!field.is_string()) return field.port().value_or(Port{});
    const auto name = field.text(port_name);
    if (!name) return {};
    const auto found = std::ranges::find(ports, *name, &model::ContainerPort::name);
    if (found != ports.end()) return found->port;
    field.refuse("is the name of no port of the container");
    return {};
}

// As it is sent: absolute, without a fragment, and in one word.
std::string read_path(const Field& field) {
    const std::string given = field.text().value_or("");
    std::string path = given.starts_with('/') ? "" : "/";
    for (const char c : given.substr(0, given.find('#')))
        path += c > 0x20 && c < 0x7f ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return path;
}

Probe::Kind read_scheme(const Field& field) {
    constexpr Choice<Probe::Kind> schemes[] = {{"HTTP", Probe::Kind::http}, {"HTTPS", Probe::Kind::https}};
    if (field.is_string() && field.text() == "") return Probe::Kind::http;
    return field.choice(schemes).value_or(Probe::Kind::http);
}

void read_http(const Field& get, Probe& probe) {
    probe.kind = read_scheme(get.at("scheme"));
    probe.path = read_path(get.at("path"));
    for (const Field& header : get.at("httpHeaders").maps()) {
        const Field name = header.at("name");
        auto value = header.at("value").text(header_value).value_or("");
        if (name.require()) probe.headers.emplace_back(name.text(header_name).value_or(""), std::move(value));
    }
}

// A problem for all but one way to ask, and for none.
std::optional<Field> only_handler(const Field& probe) {
    std::optional<Field> handler;
    for (const char* name : {"exec", "grpc", "httpGet", "tcpSocket"}) {
        const Field field = probe.at(name);
        if (!field.present()) continue;
        if (handler)
            field.refuse(fmt::format("stands beside {}; a probe has one of {}", handler->key(), handler_names));
        handler = field;
    }
    if (!handler) probe.refuse(fmt::format("has none of {}", handler_names));
    return handler;
}

}  // namespace

void read_probe(const Field& container, Ports ports, std::vector<Probe>& probes) {
    const Field field = container.at("readinessProbe").map();
    if (!field.present()) return;
    Probe probe;
    read_number(field.at("initialDelaySeconds"), probe.initial_delay);
    read_number(field.at("periodSeconds"), probe.period);
    read_number(field.at("timeoutSeconds"), probe.timeout);
    read_number(field.at("successThreshold"), probe.successes);
    read_number(field.at("failureThreshold"), probe.failures);
    if (const Field grace = field.at("terminationGracePeriodSeconds"); grace.present())
        grace.refuse("is not allowed: readiness ends no container");
    const auto handler = only_handler(field);
    const Field get = field.at("httpGet").map(), socket = field.at("tcpSocket").map();
    const Field asks = get.present() ? get : socket;
    if (!handler || !asks.present()) return;
    probe.host = asks.at("host").text().value_or("");
    probe.port = read_port(asks.at("port"), ports);
    if (get.present()) read_http(get, probe);
    probes.push_back(std::move(probe));
}

void refuse_probe(const Field& container) {
    const Field field = container.at("readinessProbe");
    if (field.present()) field.refuse("is not allowed: an init container without restartPolicy Always ends");
}

}  // namespace beeline::source::file
