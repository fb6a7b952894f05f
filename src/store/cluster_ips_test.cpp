#include "store/cluster_ips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/fixture.h"

namespace beeline::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using FamilyPolicy = model::Service::FamilyPolicy;

model::NodeConfig node_with(const std::vector<std::string>& service_cidrs) {
    model::NodeConfig node = dual_node();
    node.service_cidrs.clear();
    for (const std::string& text : service_cidrs)
        node.service_cidrs.push_back(prefix(text));
    return node;
}

model::Service dual(const std::string& name, FamilyPolicy policy, std::vector<Family> families = {},
                    const std::vector<std::string>& ips = {}) {
    model::Service result = service(name, ips);
    result.family_policy = policy;
    result.families = std::move(families);
    return result;
}

struct Row {
    const char* says;
    std::vector<std::string> cidrs;
    model::Service service;
    std::string families;  // of the addresses it gets, in order: "46"
    std::string problem;   // part of it
};

std::string families_of(const Store& store, const std::string& name) {
    const auto snapshot = store.current();
    const auto it = snapshot->services.find({"default", name});
    if (it == snapshot->services.end()) return "-";
    std::string text;
    for (const Addr& ip : it->second->cluster_ips)
        text += ip.v4() ? '4' : '6';
    return text;
}

TEST(ClusterIps, give_the_families_that_are_asked_for) {
    const std::vector<std::string> both{"10.96.0.0/20", "fd96::/112"}, six_first{"fd96::/112", "10.96.0.0/20"},
        four{"10.96.0.0/20"};
    const auto v4 = Family::v4, v6 = Family::v6;
    const std::vector<Row> rows{
        {"nothing said: the node's first family", both, service("s"), "4", ""},
        {"nothing said: the node's first family is IPv6", six_first, service("s"), "6", ""},
        {"a family is named", both, dual("s", FamilyPolicy::single, {v6}), "6", ""},
        {"PreferDualStack takes both", both, dual("s", FamilyPolicy::prefer_dual), "46", ""},
        {"the named family comes first", both, dual("s", FamilyPolicy::prefer_dual, {v6}), "64", ""},
        {"PreferDualStack is content with one", four, dual("s", FamilyPolicy::prefer_dual), "4", ""},
        {"RequireDualStack takes both", six_first, dual("s", FamilyPolicy::require_dual), "64", ""},
        {"RequireDualStack is refused with one", four, dual("s", FamilyPolicy::require_dual), "-",
         "spec.ipFamilyPolicy: 'RequireDualStack' needs a service CIDR of each family"},
        {"a family that the node lacks", four, dual("s", FamilyPolicy::single, {v6}), "-",
         "spec.ipFamilies: 'IPv6' has no service CIDR on this node"},
        {"an address given, the other family allocated", both,
         dual("s", FamilyPolicy::prefer_dual, {v6, v4}, {"fd96::99"}), "64", ""},
        {"two addresses given", both, dual("s", FamilyPolicy::single, {}, {"10.96.0.9", "fd96::9"}), "46", ""},
        {"two addresses of one family", both, dual("s", FamilyPolicy::single, {}, {"10.96.0.9", "10.96.0.8"}), "-",
         "one of two addresses of the same family"},
        {"no service CIDR at all", {}, service("s"), "-", "must be given: this node has no service CIDR"},
        {"any address where the family has no CIDR", {}, service("s", {"192.0.2.1"}), "4", ""},
        {"an address outside the CIDR", both, service("s", {"192.0.2.1"}), "-",
         "spec.clusterIP: '192.0.2.1' is outside the service CIDR 10.96.0.0/20"},
        {"the first address", both, service("s", {"10.96.0.0"}), "-", "which nobody may have"},
        {"the last IPv4 address", both, service("s", {"10.96.15.255"}), "-", "which nobody may have"},
        {"the last IPv6 address", both, service("s", {"fd96::ffff"}), "6", ""},
    };
    for (const Row& row : rows) {
        Store store(node_with(row.cidrs));
        apply(store, says("a.yaml", {row.service}));
        EXPECT_EQ(families_of(store, "s"), row.families) << row.says;
        if (row.problem.empty()) {
            EXPECT_THAT(problems_of(store), IsEmpty()) << row.says;
        } else {
            EXPECT_THAT(problems_of(store), ElementsAre(HasSubstr(row.problem))) << row.says;
        }
    }
}

TEST(ClusterIps, are_not_given_to_services_that_we_do_not_serve) {
    Store store(node_with({}));
    auto headless = service("headless"), external = service("external"), foreign = service("foreign");
    headless.headless = true;
    external.type = model::Service::Type::external_name;
    foreign.foreign_proxy = true;
    apply(store, says("a.yaml", {headless, external, foreign}));
    for (const char* name : {"headless", "external", "foreign"})
        EXPECT_EQ(ips_of(store, name), "") << name;
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(ClusterIps, of_a_foreign_proxy_are_not_given_to_others) {
    Store store(dual_node());
    auto foreign = service("foreign", {"10.96.0.50"});
    foreign.foreign_proxy = true;
    apply(store, says("a.yaml", {foreign, service("b", {"10.96.0.50"})}));
    EXPECT_EQ(ips_of(store, "foreign"), "10.96.0.50");
    EXPECT_EQ(ips_of(store, "b"), "-");
}

TEST(ClusterIps, prefer_the_upper_band) {
    Store store(node_with({"10.96.0.0/26"}));  // 62 usable: band 1-16, upper 17-62
    std::vector<model::Object> objects;
    for (int i = 0; i < 46; ++i)
        objects.emplace_back(service(fmt::format("s{}", i)));
    apply(store, says("a.yaml", objects));
    for (const auto& [name, s] : store.current()->services)
        EXPECT_GT(s->cluster_ips.at(0).bytes[3], 16) << name.name;
    for (int i = 46; i < 63; ++i)
        objects.emplace_back(service(fmt::format("s{}", i)));
    apply(store, says("a.yaml", objects));
    EXPECT_THAT(store.current()->services, SizeIs(62));
    EXPECT_THAT(problems_of(store),
                ElementsAre(HasSubstr("spec.clusterIP: cannot be allocated: all 62 addresses of 10.96.0.0/26 are "
                                      "in use (Service default/s62)")));
    objects.erase(objects.begin());
    apply(store, says("a.yaml", objects));
    EXPECT_THAT(store.current()->services, SizeIs(62)) << "what was refused gets the address that became free";
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(ClusterIps, are_the_same_for_the_same_manifests_in_any_order) {
    std::vector<model::Object> objects{service("a"), service("b"), service("c")};
    Store one(dual_node()), two(dual_node());
    apply(one, says("a.yaml", objects));
    for (const char* name : {"c", "b", "a"})
        apply(two, says(std::string(name) + ".yaml", {service(name)}));
    for (const char* name : {"a", "b", "c"})
        EXPECT_EQ(ips_of(one, name), ips_of(two, name)) << name;
}

TEST(ClusterIps, stay_when_the_service_is_edited) {
    Store store(dual_node());
    apply(store, says("a.yaml", {service("web")}));
    const std::string first = ips_of(store, "web");
    auto edited = service("web");
    edited.ports[0].port = Port{81};
    apply(store, says("a.yaml", {edited}));
    EXPECT_EQ(ips_of(store, "web"), first);
    apply(store, says("a.yaml", {dual("web", FamilyPolicy::prefer_dual)}));
    EXPECT_THAT(ips_of(store, "web"), HasSubstr(first + " fd96::"));
    apply(store, says("a.yaml", {service("web", {"10.96.0.77"})}));
    EXPECT_EQ(ips_of(store, "web"), "10.96.0.77") << "a given address wins";
    apply(store, says("a.yaml", {service("web")}));
    EXPECT_EQ(ips_of(store, "web"), "10.96.0.77") << "and stays when it is not named any more";
}

TEST(ClusterIps, survive_a_restart) {
    Store before(node_with({"10.96.0.0/28"}));
    apply(before, says("a.yaml", {service("a", {"10.96.0.5"})}));
    apply(before, says("a.yaml", {service("a")}));
    const auto table = before.cluster_ips();
    Store after(node_with({"10.96.0.0/28"}));
    ASSERT_TRUE(after.restore_cluster_ips(table));
    apply(after, says("a.yaml", {service("z", {"10.96.0.5"}), service("a")}));
    EXPECT_EQ(ips_of(after, "a"), "10.96.0.5");
    EXPECT_EQ(ips_of(after, "z"), "-") << "who wants another's address came later before, too";
    const ClusterIpTable twice{{{"default", "a"}, {addr("10.96.0.5")}}, {{"default", "b"}, {addr("10.96.0.5")}}};
    EXPECT_EQ(after.restore_cluster_ips(twice).error().code, Errc::conflict);
}

TEST(ClusterIps, that_are_only_remembered_are_given_to_others_last) {
    Store store(node_with({"10.96.0.0/29"}));  // 1-6
    ASSERT_TRUE(store.restore_cluster_ips({{{"default", "later"}, {addr("10.96.0.3")}}}));
    std::vector<model::Object> objects;
    for (int i = 0; i < 5; ++i)
        objects.emplace_back(service(fmt::format("s{}", i)));
    apply(store, says("a.yaml", objects));
    for (int i = 0; i < 5; ++i)
        EXPECT_NE(ips_of(store, fmt::format("s{}", i)), "10.96.0.3");
    apply(store, says("b.yaml", {service("later")}));
    EXPECT_EQ(ips_of(store, "later"), "10.96.0.3");
}

TEST(ClusterIps, collide_and_the_later_one_is_refused) {
    Store store(dual_node());
    apply(store, says("a.yaml", {service("a", {"10.96.0.10"}), service("b", {"10.96.0.11"}, 5)}));
    apply(store, says("a.yaml", {service("a", {"10.96.0.10"}), service("b", {"10.96.0.10"}, 5)}));
    EXPECT_EQ(ips_of(store, "b"), "10.96.0.11") << "its last good version stays";
    EXPECT_THAT(problems_of(store),
                ElementsAre("a.yaml:5: spec.clusterIP: '10.96.0.10' is the address of Service default/a already "
                            "(Service default/b)"));
    apply(store, says("a.yaml", {service("b", {"10.96.0.10"}, 5)}));
    EXPECT_EQ(ips_of(store, "b"), "10.96.0.10") << "when the first goes, it gets the address";
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(ClusterIps, are_kept_against_a_newcomer_that_names_them) {
    Store store(dual_node());
    apply(store, says("z.yaml", {service("a")}));
    const std::string ip = ips_of(store, "a");
    apply(store, says("a.yaml", {service("b", {ip})}));
    EXPECT_EQ(ips_of(store, "a"), ip);
    EXPECT_EQ(ips_of(store, "b"), "-");
    Store together(dual_node());
    apply(together, says("a.yaml", {service("a"), service("b", {ip})}));
    EXPECT_EQ(ips_of(together, "b"), ip) << "of two newcomers the one that names it has it";
    EXPECT_NE(ips_of(together, "a"), "-");
}

struct Move {
    const char* says;
    std::vector<std::string> wants;  // of a, b, c; before: .1 .2 .3
    std::vector<std::string> gets;   // last digits
};

TEST(ClusterIps, may_be_handed_on_within_one_edit) {
    const std::vector<Move> rows{
        {"two change places", {"10.96.0.2", "10.96.0.1", "10.96.0.3"}, {"2", "1", "3"}},
        {"a ring of three", {"10.96.0.2", "10.96.0.3", "10.96.0.1"}, {"2", "3", "1"}},
        {"a chain to a free one", {"10.96.0.2", "10.96.0.3", "10.96.0.9"}, {"2", "3", "9"}},
        {"a chain to a taken one: nobody moves", {"10.96.0.2", "10.96.0.3", "192.0.2.1"}, {"1", "2", "3"}},
        {"who stays is not disturbed", {"10.96.0.2", "10.96.0.2", "10.96.0.3"}, {"1", "2", "3"}},
    };
    for (const Move& row : rows) {
        Store store(dual_node());
        apply(store,
              says("a.yaml", {service("a", {"10.96.0.1"}), service("b", {"10.96.0.2"}), service("c", {"10.96.0.3"})}));
        apply(store, says("a.yaml",
                          {service("a", {row.wants[0]}), service("b", {row.wants[1]}), service("c", {row.wants[2]})}));
        const std::vector<std::string> got{ips_of(store, "a"), ips_of(store, "b"), ips_of(store, "c")};
        for (std::size_t i = 0; i < got.size(); ++i)
            EXPECT_EQ(got[i], "10.96.0." + row.gets[i]) << row.says;
    }
}

}  // namespace
}  // namespace beeline::store
