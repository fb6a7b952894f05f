#include "source/file/kinds.h"

namespace beeline::source::file {
namespace {

void read_ports(const Field& containers, std::vector<model::ContainerPort>& ports) {
    for (const Field& container : containers.maps()) {
        for (const Field& field : container.at("ports").maps()) {
            model::ContainerPort port;
            port.name = field.at("name").text(port_name).value_or("");
            if (field.at("containerPort").require()) port.port = field.at("containerPort").port().value_or(Port{});
            port.proto = read_protocol(field.at("protocol"));
            ports.push_back(std::move(port));
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
    read_ports(spec.at("initContainers"), pod.ports);  // sidecars are init containers that stay
    read_ports(spec.at("containers"), pod.ports);
    const Field status = root.at("status").map();
    read_ips(status, pod.ips);
    pod.ready = read_ready(status.at("conditions"));
    pod.terminating = root.at("metadata").at("deletionTimestamp").present();
    const auto phase = status.at("phase").text();
    pod.finished = phase == "Succeeded" || phase == "Failed";
    return pod;
}

}  // namespace beeline::source::file
