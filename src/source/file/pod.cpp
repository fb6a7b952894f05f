#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <tuple>

#include "source/file/kinds.h"
#include "source/file/probe.h"

namespace beeline::source::file {
namespace {

// What a Pod's containers have taken on the node: protocol, hostIP as written, hostPort.
using HostPorts = std::set<std::tuple<Proto, std::string, Port>>;

// 0.0.0.0 and :: mean what absence means.
std::optional<Addr> read_host_ip(const Field& field) {
    if (field.is_string() && field.text() == "") return {};
    const auto addr = field.addr();
    const bool any = addr && std::ranges::all_of(addr->bytes, [](auto byte) { return byte == 0; });
    return any ? std::nullopt : addr;
}

void read_host_port(const Field& field, model::ContainerPort& port, HostPorts& taken) {
    const Field number = field.at("hostPort"), ip = field.at("hostIP");
    const auto host_ip = read_host_ip(ip);
    const bool given = number.present() && !number.is_zero();
    const auto host_port = given ? number.port() : std::nullopt;
    if (!host_port) return;
    if (!taken.emplace(port.proto, ip.is_string() ? ip.text().value_or("") : "", *host_port).second)
        number.refuse(fmt::format("is given twice for {}", to_string(port.proto)));
    port.host_port = *host_port;
    port.host_ip = host_ip;
}

// In the host's network the container has the node's ports itself: there is nothing to forward.
void drop_host_port(const Field& field, model::ContainerPort& port) {
    if (port.host_port.value != 0 && port.port.value != 0 && port.host_port != port.port)
        field.at("hostPort").refuse("differs from containerPort, which hostNetwork does not allow");
    port.host_port = {};
    port.host_ip.reset();
}

model::ContainerPort read_port(const Field& field) {
    model::ContainerPort port;
    port.name = field.at("name").text(port_name).value_or("");
    if (field.at("containerPort").require()) port.port = field.at("containerPort").port().value_or(Port{});
    port.proto = read_protocol(field.at("protocol"));
    return port;
}

void read_ports(const Field& container, model::Pod& pod, HostPorts& taken) {
    for (const Field& field : container.at("ports").maps()) {
        model::ContainerPort port = read_port(field);
        read_host_port(field, port, taken);
        if (pod.host_network) drop_host_port(field, port);
        pod.ports.push_back(std::move(port));
    }
}

void read_container(const Field& container, model::Pod& pod, HostPorts& taken) {
    const std::size_t before = pod.ports.size();
    read_ports(container, pod, taken);
    read_probe(container, std::span(pod.ports).subspan(before), pod.probes);
}

// Sidecars are init containers that stay. The others are gone when the Pod serves: the node has no port for them.
void read_init_containers(const Field& containers, model::Pod& pod, HostPorts& taken) {
    for (const Field& container : containers.maps()) {
        if (container.at("restartPolicy").text() == "Always") {
            read_container(container, pod, taken);
            continue;
        }
        const std::size_t before = pod.ports.size();
        HostPorts own;
        read_ports(container, pod, own);
        refuse_probe(container);
        for (auto& port : std::span(pod.ports).subspan(before)) {
            port.host_port = {};
            port.host_ip.reset();
        }
    }
}

void read_ips(const Field& status, std::vector<Addr>& ips) {
    std::vector<Field> fields;
    for (const Field& item : status.at("podIPs").maps())
        fields.push_back(item.at("ip"));
    if (fields.empty()) fields.push_back(status.at("podIP"));  // its older, single form
    for (const Field& field : fields)
        if (const auto addr = field.host_addr()) ips.push_back(*addr);
}

std::optional<bool> read_ready(const Field& conditions) {
    std::optional<bool> ready;
    for (const Field& condition : conditions.maps()) {
        const auto status = condition.at("status").text();
        if (condition.at("type").text() == "Ready") ready = status == "True";  // False and Unknown are not ready
    }
    return ready;
}

}  // namespace

std::optional<model::Object> read_pod(const Field& root, model::Meta meta) {
    model::Pod pod{.meta = std::move(meta)};
    const Field spec = root.at("spec").map();
    pod.node_name = spec.at("nodeName").text(dns_subdomain).value_or("");
    pod.host_network = spec.at("hostNetwork").boolean().value_or(false);
    HostPorts taken;
    read_init_containers(spec.at("initContainers"), pod, taken);
    for (const Field& container : spec.at("containers").maps())
        read_container(container, pod, taken);
    const Field status = root.at("status").map();
    read_ips(status, pod.ips);
    pod.ready = read_ready(status.at("conditions"));
    pod.terminating = root.at("metadata").at("deletionTimestamp").present();
    pod.weight = read_weight(root);
    const auto phase = status.at("phase").text();
    pod.finished = phase == "Succeeded" || phase == "Failed";
    return pod;
}

}  // namespace beeline::source::file
