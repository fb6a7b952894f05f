#include <gtest/gtest.h>

#include "compile/compile.h"
#include "compile/fixture.h"

namespace beeline::compile {
namespace {

model::ContainerPort host_port(std::uint16_t number, const char* host_ip = nullptr, Proto proto = Proto::tcp) {
    model::ContainerPort port{.port = Port{8080}, .proto = proto, .host_port = {number}};
    if (host_ip != nullptr) port.host_ip = addr(host_ip);
    return port;
}

void add_pod(model::Snapshot& snapshot, std::uint16_t id, std::vector<model::ContainerPort> ports) {
    add_endpoint(snapshot, id, {});
    model::Pod pod;
    pod.meta = meta(fmt::format("pod-{}", id));
    pod.ready = false;
    pod.ports = std::move(ports);
    enter(snapshot.pods, pod);
}

void give_v6(model::Snapshot& snapshot, std::uint16_t id, const char* ip) {
    auto endpoint = *snapshot.endpoints.at({id});
    endpoint.addr6 = addr(ip);
    snapshot.endpoints[{id}] = std::make_shared<const model::Endpoint>(endpoint);
}

TEST(HostPorts, lead_to_their_container_from_every_address_in_its_families) {
    model::Snapshot snapshot;
    add_pod(snapshot, 1, {host_port(0), host_port(80)});
    EXPECT_EQ(services_text(compile(snapshot)),
              "frontend 0.0.0.0:80/TCP default/pod-1:hostPort 80 HostPort -> 10.244.0.3:8080\n");
    give_v6(snapshot, 1, "fd00::3");
    EXPECT_EQ(services_text(compile(snapshot)),
              "frontend 0.0.0.0:80/TCP default/pod-1:hostPort 80 HostPort -> 10.244.0.3:8080\n"
              "frontend [::]:80/TCP default/pod-1:hostPort 80 HostPort -> [fd00::3]:8080\n");
}

TEST(HostPorts, of_one_address_answer_there_and_those_of_loopback_on_this_node) {
    model::Snapshot snapshot;
    add_pod(snapshot, 1,
            {host_port(80, "192.168.0.1"), host_port(80, "127.0.0.1"), host_port(81, "0.0.0.0"), host_port(80, "::1")});
    EXPECT_EQ(services_text(compile(snapshot)),
              "frontend 0.0.0.0:81/TCP default/pod-1:hostPort 81 HostPort -> 10.244.0.3:8080\n"
              "frontend 127.0.0.1:80/TCP default/pod-1:hostPort 80 HostPort -> 10.244.0.3:8080 outside -> not served\n"
              "frontend 192.168.0.1:80/TCP default/pod-1:hostPort 80 HostPort -> 10.244.0.3:8080\n"
              "unserved [::1]:80/TCP default/pod-1:hostPort 80: hostIP: ::1: the container has no address of this "
              "family\n");
    give_v6(snapshot, 1, "fd00::3");
    EXPECT_NE(services_text(compile(snapshot))
                  .find("frontend [::1]:80/TCP default/pod-1:hostPort 80 HostPort -> [fd00::3]:8080 outside -> not "
                        "served\n"),
              std::string::npos);
}

TEST(HostPorts, belong_to_the_service_that_has_them_then_to_the_first_container) {
    model::Snapshot snapshot;
    auto web = service("web", "10.96.0.1");
    web.type = model::Service::Type::node_port;
    web.ports[0].node_port = {30080};
    enter(snapshot.services, web);
    add_pod(snapshot, 1, {host_port(30080), host_port(80)});
    add_pod(snapshot, 2, {host_port(80), host_port(80, nullptr, Proto::udp)});
    EXPECT_EQ(services_text(compile(snapshot)),
              "frontend 0.0.0.0:80/TCP default/pod-1:hostPort 80 HostPort -> 10.244.0.3:8080\n"
              "frontend 0.0.0.0:80/UDP default/pod-2:hostPort 80 HostPort -> 10.244.0.4:8080\n"
              "frontend 0.0.0.0:30080/TCP default/web NodePort -> none\n"
              "frontend 10.96.0.1:80/TCP default/web -> none\n"
              "unserved 0.0.0.0:80/TCP default/pod-2:hostPort 80: hostPort: TCP port 80 of 0.0.0.0 belongs to "
              "default/pod-1:hostPort 80 (HostPort)\n"
              "unserved 0.0.0.0:30080/TCP default/pod-1:hostPort 30080: hostPort: TCP port 30080 of 0.0.0.0 belongs to "
              "default/web (NodePort)\n");
}

TEST(HostPorts, have_a_number_of_their_own) {
    model::Snapshot snapshot;
    add_pod(snapshot, 1, {host_port(80), host_port(81), host_port(80, nullptr, Proto::udp)});
    enter(snapshot.services, service("pod-1", "10.96.0.1"));
    std::set<std::uint32_t> numbers;
    for (const auto& [key, frontend] : compile(snapshot).frontends)
        numbers.insert(frontend.service);
    EXPECT_EQ(numbers.size(), 4U);
}

TEST(HostPorts, of_sctp_are_the_containers_own) {
    model::Snapshot snapshot;
    add_pod(snapshot, 1, {host_port(80, nullptr, Proto::sctp), host_port(8080, nullptr, Proto::sctp)});
    EXPECT_EQ(services_text(compile(snapshot)),
              "frontend 0.0.0.0:8080/SCTP default/pod-1:hostPort 8080 HostPort -> 10.244.0.3:8080\n"
              "unserved 0.0.0.0:80/SCTP default/pod-1:hostPort 80: hostPort: the container has port 8080 instead of "
              "80: ports of SCTP cannot be translated, its checksum covers them\n");
}

TEST(HostPorts, are_those_of_containers_that_are_up_and_have_a_network_of_their_own) {
    model::Snapshot snapshot;
    add_pod(snapshot, 1, {host_port(80)});
    const auto given = *snapshot.pods.begin()->second;
    snapshot.up.clear();
    EXPECT_EQ(services_text(compile(snapshot)), "") << "not up yet";
    snapshot.up.insert({1});
    auto pod = given;
    pod.finished = true;
    enter(snapshot.pods, pod);
    EXPECT_EQ(services_text(compile(snapshot)), "") << "finished";
    pod = given;
    pod.host_network = true;
    enter(snapshot.pods, pod);
    EXPECT_EQ(services_text(compile(snapshot)), "") << "the host's own port";
    pod = given;
    pod.meta.name = "not-here";
    pod.ips = {addr("10.244.9.9")};
    snapshot.pods.clear();
    enter(snapshot.pods, pod);
    EXPECT_EQ(services_text(compile(snapshot)), "") << "on another node";
}

}  // namespace
}  // namespace beeline::compile
