#include "store/node_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "store/fixture.h"

namespace beeline::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Type = model::Service::Type;

model::NodeConfig node_with(std::uint16_t first, std::uint16_t last) {
    model::NodeConfig node = dual_node();
    node.node_ports_first = Port{first};
    node.node_ports_last = Port{last};
    return node;
}

model::ServicePort port(std::uint16_t number, std::uint16_t node_port = 0, Proto proto = Proto::tcp) {
    const std::string name = fmt::format("p{}{}", number, proto == Proto::tcp ? "" : "-udp");
    return {
        .name = name, .proto = proto, .port = Port{number}, .target_port = Port{8080}, .node_port = Port{node_port}};
}

// A Service of type NodePort.
model::Service open(const std::string& name, std::vector<model::ServicePort> ports = {port(80)}) {
    model::Service result = service(name);
    result.type = Type::node_port;
    result.ports = std::move(ports);
    return result;
}
model::Service given(const std::string& name, std::uint16_t number) {
    return open(name, {port(80, number)});
}
model::Service balancer(const std::string& name, bool local) {
    model::Service result = open(name);
    result.type = Type::load_balancer;
    if (local) result.external_policy = model::TrafficPolicy::local;
    return result;
}

// The node ports of a Service as text, with the health check's at the end; "-" if it is not in force.
std::string ports_of(const Store& store, const std::string& name) {
    const auto snapshot = store.current();
    const auto it = snapshot->services.find({"default", name});
    if (it == snapshot->services.end()) return "-";
    std::string text;
    for (const model::ServicePort& p : it->second->ports)
        text += (text.empty() ? "" : " ") + std::to_string(p.node_port.value);
    const auto health = it->second->health_check_node_port.value;
    return health == 0 ? text : text + " health " + std::to_string(health);
}

// Which of them are there, in their order: "80 0" is given 80 and then none.
std::string shape_of(const Store& store, const std::string& name) {
    const auto snapshot = store.current();
    std::string text;
    const auto letter = [](Port p) { return p.value == 0 ? '.' : p.value >= 30000 && p.value <= 32767 ? '#' : '?'; };
    const model::Service& s = *snapshot->services.at({"default", name});
    for (const model::ServicePort& p : s.ports)
        text += letter(p.node_port);
    return text + letter(s.health_check_node_port);
}

TEST(NodePorts, are_given_to_whom_has_them) {
    struct Row {
        const char* says;
        model::Service service;
        std::string shape;  // of its ports and of the health check: '#' a number of the range, '.' none
    };
    auto cluster = service("s"), foreign = open("s"), spare = balancer("s", true), headless = service("s");
    foreign.foreign_proxy = true;
    spare.allocate_node_ports = false;
    headless.headless = true;
    auto named = spare;
    named.ports = {port(80, 30080), port(81)};
    const Row rows[] = {
        {"a cluster address has none", cluster, ".."},
        {"node port", open("s", {port(80), port(81)}), "##."},
        {"load balancer", balancer("s", false), "#."},
        {"load balancer to local endpoints: a health check, too", balancer("s", true), "##"},
        {"load balancer that wants none: the health check alone", spare, ".#"},
        {"load balancer that wants none but one", named, "#.#"},
        {"served by another", foreign, ".."},
        {"headless", headless, ".."},
    };
    for (const Row& row : rows) {
        Store store(dual_node());
        apply(store, says("a.yaml", {row.service}));
        EXPECT_EQ(shape_of(store, "s"), row.shape) << row.says;
        EXPECT_THAT(problems_of(store), IsEmpty()) << row.says;
    }
}

TEST(NodePorts, that_are_given_must_be_in_the_range_and_free) {
    struct Row {
        const char* says;
        model::Service service;
        std::string ports;
        std::string problem;
    };
    auto health = balancer("s", true), taken_health = balancer("s", true);
    health.health_check_node_port = Port{29999};
    taken_health.health_check_node_port = Port{30080};
    const std::string taken = "port is already allocated to Service default/first (Service default/s)";
    const Row rows[] = {
        {"the first", given("s", 30000), "30000", ""},
        {"the last", given("s", 32767), "32767", ""},
        {"below", given("s", 29999), "-",
         "a.yaml:1: spec.ports[0].nodePort: '29999' is not in the range 30000-32767 (Service default/s)"},
        {"above", open("s", {port(1), port(2, 32768)}), "-",
         "a.yaml:1: spec.ports[1].nodePort: '32768' is not in the range 30000-32767 (Service default/s)"},
        {"taken", given("s", 30080), "-", "a.yaml:1: spec.ports[0].nodePort: '30080' " + taken},
        {"taken, but for another protocol", open("s", {port(80, 30080, Proto::udp)}), "30080", ""},
        {"a health check outside", health, "-",
         "a.yaml:1: spec.healthCheckNodePort: '29999' is not in the range 30000-32767 (Service default/s)"},
        {"a health check's is taken", taken_health, "-", "a.yaml:1: spec.healthCheckNodePort: '30080' " + taken},
    };
    for (const Row& row : rows) {
        Store store(dual_node());
        apply(store, says("a.yaml", {given("first", 30080), row.service}));
        EXPECT_EQ(ports_of(store, "s"), row.ports) << row.says;
        EXPECT_EQ(ports_of(store, "first"), "30080") << row.says;
        if (row.problem.empty()) {
            EXPECT_THAT(problems_of(store), IsEmpty()) << row.says;
        } else {
            EXPECT_THAT(problems_of(store), ElementsAre(row.problem)) << row.says;
        }
    }
}

TEST(NodePorts, are_the_same_for_the_same_manifests_in_any_order) {
    Store one(dual_node()), two(dual_node());
    apply(one, says("a.yaml", {open("a", {port(80), port(443)}), balancer("b", true), open("c")}));
    apply(two, says("c.yaml", {open("c")}));
    apply(two, says("b.yaml", {balancer("b", true)}));
    apply(two, says("a.yaml", {open("a", {port(443), port(80)})}));
    apply(two, says("a.yaml", {open("a", {port(80), port(443)})}));
    for (const char* name : {"a", "b", "c"})
        EXPECT_EQ(ports_of(one, name), ports_of(two, name)) << name;
    EXPECT_EQ(ports_of(one, "a"), "30162 32735") << "and from one version of the agent to the next";
}

TEST(NodePorts, are_one_number_for_both_protocols_of_a_port) {
    Store store(dual_node());
    apply(store, says("a.yaml", {open("chosen", {port(53), port(53, 0, Proto::udp)}),
                                 open("given", {port(53, 30053), port(53, 0, Proto::udp)}),
                                 open("later", {port(53, 0, Proto::udp), port(53, 30054)})}));
    const std::string chosen = ports_of(store, "chosen");
    EXPECT_EQ(chosen.substr(0, 5), chosen.substr(6)) << chosen;
    EXPECT_EQ(ports_of(store, "given"), "30053 30053");
    EXPECT_EQ(ports_of(store, "later"), "30054 30054");
}

TEST(NodePorts, prefer_the_upper_band_and_run_out) {
    Store store(node_with(30000, 30031));  // band: 16
    std::vector<model::Object> objects;
    objects.reserve(34);
    for (int i = 0; i < 16; ++i)
        objects.emplace_back(open(fmt::format("s{}", i)));
    apply(store, says("a.yaml", objects));
    for (const auto& [name, s] : store.current()->services)
        EXPECT_GE(s->ports[0].node_port.value, 30016) << name.name;
    for (int i = 16; i < 33; ++i)
        objects.emplace_back(open(fmt::format("s{}", i)));
    objects.emplace_back(open("udp", {port(80, 0, Proto::udp)}));
    apply(store, says("a.yaml", objects));
    EXPECT_THAT(store.current()->services, SizeIs(33));
    EXPECT_THAT(problems_of(store), ElementsAre("a.yaml:1: spec.ports[0].nodePort: cannot be allocated: all 32 TCP "
                                                "ports of 30000-30031 are in use (Service default/s32)"));
    objects.erase(objects.begin());
    apply(store, says("a.yaml", objects));
    EXPECT_THAT(store.current()->services, SizeIs(33)) << "what was refused gets the port that became free";
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(NodePorts, stay_when_the_service_is_edited) {
    Store store(dual_node());
    apply(store, says("a.yaml", {open("web")}));
    const std::string first = ports_of(store, "web");
    auto edited = open("web");
    edited.ports[0].port = Port{81};  // its name stays
    apply(store, says("a.yaml", {edited}));
    EXPECT_EQ(ports_of(store, "web"), first);
    apply(store, says("a.yaml", {given("web", 30001)}));
    EXPECT_EQ(ports_of(store, "web"), "30001") << "a given port wins";
    apply(store, says("a.yaml", {open("web")}));
    EXPECT_EQ(ports_of(store, "web"), "30001") << "and stays when it is not given any more";
    apply(store, says("a.yaml", {open("web", {port(80), port(81, 30001)})}));
    EXPECT_THAT(ports_of(store, "web"), testing::EndsWith(" 30001")) << "unless another port is given it";
    EXPECT_NE(ports_of(store, "web"), "30001 30001");
    apply(store, says("a.yaml", {service("web")}));
    EXPECT_EQ(ports_of(store, "web"), "0");
    apply(store, says("b.yaml", {given("other", 30001)}));
    EXPECT_EQ(ports_of(store, "other"), "30001") << "what it has no more is free";
}

TEST(NodePorts, collide_and_the_later_one_keeps_its_last_good_version) {
    Store store(dual_node());
    apply(store, says("a.yaml", {given("a", 30001), given("b", 30002)}));
    auto moved = given("b", 30001);
    moved.cluster_ips = {addr("10.96.0.9")};
    const std::string ips = ips_of(store, "b");
    apply(store, says("a.yaml", {given("a", 30001), moved}));
    EXPECT_EQ(ports_of(store, "b"), "30002");
    EXPECT_EQ(ips_of(store, "b"), ips);
    EXPECT_THAT(problems_of(store), ElementsAre(HasSubstr("spec.ports[0].nodePort: '30001' port is already allocated "
                                                          "to Service default/a (Service default/b)")));
    apply(store, says("b.yaml", {service("c", {"10.96.0.9"}), given("d", 30002)}));
    EXPECT_EQ(ips_of(store, "c"), "10.96.0.9") << "it has not got the address";
    EXPECT_EQ(ports_of(store, "d"), "-") << "it has the port still";
    apply(store, gone("b.yaml"));
    apply(store, says("a.yaml", {moved}));
    EXPECT_EQ(ports_of(store, "b"), "30001") << "when the first goes, it gets the port";
    EXPECT_EQ(ips_of(store, "b"), "10.96.0.9");
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(NodePorts, of_a_service_refused_for_its_address_stay) {
    Store store(dual_node());
    apply(store, says("a.yaml", {given("a", 30001), given("b", 30002), service("c", {"10.96.0.9"})}));
    auto moved = given("a", 30003);
    moved.cluster_ips = {addr("10.96.0.9")};
    apply(store, says("a.yaml", {moved, given("b", 30001), service("c", {"10.96.0.9"})}));
    EXPECT_EQ(ports_of(store, "a"), "30001");
    EXPECT_EQ(ports_of(store, "b"), "30002");
    EXPECT_THAT(problems_of(store), SizeIs(2));
    apply(store, says("a.yaml", {moved, given("b", 30001)}));
    EXPECT_EQ(ports_of(store, "a"), "30003");
    EXPECT_EQ(ports_of(store, "b"), "30001");
}

TEST(NodePorts, are_kept_against_a_newcomer_that_names_them) {
    Store store(dual_node());
    apply(store, says("z.yaml", {open("a")}));
    const std::string number = ports_of(store, "a");
    apply(store, says("a.yaml", {given("b", static_cast<std::uint16_t>(std::stoi(number)))}));
    EXPECT_EQ(ports_of(store, "a"), number);
    EXPECT_EQ(ports_of(store, "b"), "-");
    Store together(dual_node());
    apply(together, says("a.yaml", {open("a"), given("b", static_cast<std::uint16_t>(std::stoi(number)))}));
    EXPECT_EQ(ports_of(together, "b"), number) << "of two newcomers the one that names it has it";
    EXPECT_NE(ports_of(together, "a"), "-");
}

TEST(NodePorts, of_a_foreign_proxy_are_not_given_to_others) {
    Store store(dual_node());
    auto foreign = given("foreign", 30001), outside = given("outside", 80), late = given("late", 30001);
    foreign.foreign_proxy = outside.foreign_proxy = late.foreign_proxy = true;
    apply(store, says("a.yaml", {foreign, outside, given("b", 30001), late}));
    EXPECT_EQ(ports_of(store, "foreign"), "30001");
    EXPECT_EQ(ports_of(store, "outside"), "80") << "its range is not ours";
    EXPECT_EQ(ports_of(store, "late"), "30001") << "nor its mistakes";
    EXPECT_EQ(ports_of(store, "b"), "-");
}

TEST(NodePorts, may_be_handed_on_within_one_edit) {
    struct Row {
        const char* says;
        std::vector<std::uint16_t> wants;  // of a, b, c; before: 30001 30002 30003
        std::string gets;
    };
    const Row rows[] = {
        {"two change places", {30002, 30001, 30003}, "30002 30001 30003"},
        {"a ring of three", {30002, 30003, 30001}, "30002 30003 30001"},
        {"a chain to a free one", {30002, 30003, 30009}, "30002 30003 30009"},
        {"a chain to one outside: nobody moves", {30002, 30003, 80}, "30001 30002 30003"},
        {"who stays is not disturbed", {30002, 30002, 30003}, "30001 30002 30003"},
        {"who leaves it open keeps it", {30002, 0, 30001}, "30001 30002 30003"},
    };
    for (const Row& row : rows) {
        Store store(dual_node());
        apply(store, says("a.yaml", {given("a", 30001), given("b", 30002), given("c", 30003)}));
        apply(store, says("a.yaml", {given("a", row.wants[0]), given("b", row.wants[1]), given("c", row.wants[2])}));
        EXPECT_EQ(ports_of(store, "a") + " " + ports_of(store, "b") + " " + ports_of(store, "c"), row.gets) << row.says;
    }
}

TEST(NodePorts, survive_a_restart) {
    Store before(dual_node());
    auto local = balancer("lb", true);
    local.health_check_node_port = Port{30007};
    apply(before, says("a.yaml", {given("a", 30001), local}));
    local.health_check_node_port = {};
    apply(before, says("a.yaml", {open("a"), local}));
    Store after(dual_node());
    ASSERT_TRUE(after.restore_node_ports(before.node_ports()));
    apply(after, says("a.yaml", {given("z", 30001), open("a"), local}));
    EXPECT_EQ(ports_of(after, "a"), "30001");
    EXPECT_EQ(ports_of(after, "lb"), ports_of(before, "lb"));
    EXPECT_EQ(ports_of(after, "z"), "-") << "who wants another's port came later before, too";
    EXPECT_EQ(after.node_ports(), before.node_ports());
    Store narrower(node_with(30002, 32767));
    ASSERT_TRUE(narrower.restore_node_ports(before.node_ports()));
    apply(narrower, says("a.yaml", {open("a")}));
    EXPECT_NE(ports_of(narrower, "a"), "30001") << "the range is another one now";
    const NodePortTable twice{{{"default", "a"}, {{"", Proto::tcp, Port{30001}}}},
                              {{"default", "b"}, {{"", Proto::udp, Port{30001}}, {"x", Proto::tcp, Port{30001}}}}};
    EXPECT_EQ(after.restore_node_ports(twice).error().code, Errc::conflict);
}

TEST(NodePorts, that_are_only_remembered_are_given_to_others_last) {
    Store store(node_with(30000, 30005));
    ASSERT_TRUE(store.restore_node_ports({{{"default", "later"}, {{"p80", Proto::tcp, Port{30003}}}}}));
    std::vector<model::Object> objects;
    objects.reserve(5);
    for (int i = 0; i < 5; ++i)
        objects.emplace_back(open(fmt::format("s{}", i)));
    apply(store, says("a.yaml", objects));
    for (int i = 0; i < 5; ++i)
        EXPECT_NE(ports_of(store, fmt::format("s{}", i)), "30003");
    apply(store, says("b.yaml", {open("later")}));
    EXPECT_EQ(ports_of(store, "later"), "30003");
}

// Every number and address that is in force, each of which only one may have.
void expect_no_two_share(const Store& store, int step) {
    std::set<std::pair<Proto, Port>> numbers;
    std::set<Addr> ips;
    for (const auto& [name, s] : store.current()->services) {
        for (const model::ServicePort& p : s->ports)
            EXPECT_TRUE(p.node_port.value == 0 || numbers.emplace(p.proto, p.node_port).second)
                << step << ": " << name.name << " has " << p.node_port.value;
        for (const Addr& ip : s->cluster_ips)
            EXPECT_TRUE(ips.insert(ip).second) << step << ": " << name.name << " has " << to_string(ip);
        const Port health = s->health_check_node_port;
        EXPECT_TRUE(health.value == 0 || numbers.emplace(Proto::tcp, health).second) << step << ": " << name.name;
    }
}

TEST(NodePorts, are_never_shared_whatever_the_edits) {
    std::mt19937 random(1);
    const auto below = [&](unsigned n) { return static_cast<std::uint16_t>(random() % n); };
    Store store(node_with(30000, 30007));
    std::vector<model::Object> objects(6, service("s"));
    for (int step = 0; step < 2000; ++step) {
        for (std::size_t i = 0; i < objects.size(); ++i) {
            if (below(2) == 0) continue;
            auto s = below(3) == 0 ? service("s") : balancer("s", below(2) == 0);
            s.meta.name = fmt::format("s{}", i);
            const auto given_or_open = [&] { return below(2) == 0 ? 0 : 30000 + below(8); };
            for (model::ServicePort& p : s.ports)
                p.node_port = Port{static_cast<std::uint16_t>(s.type == Type::cluster_ip ? 0 : given_or_open())};
            if (below(2) == 0) s.cluster_ips = {addr(fmt::format("10.96.0.{}", 1 + below(6)))};
            objects[i] = std::move(s);
        }
        apply(store, says("a.yaml", {objects.begin(), objects.begin() + 1 + below(6)}));
        expect_no_two_share(store, step);
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace beeline::store
