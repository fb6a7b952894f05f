#include "store/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/fixture.h"

namespace beeline::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string text(const Result<model::Endpoint>& endpoint) {
    if (!endpoint) return fmt::format("{}: {}", errc_name(endpoint.error().code), endpoint.error().what);
    return fmt::format("{} {} {} {}", endpoint->id.value, to_string(endpoint->addr4.value()),
                       to_string(endpoint->addr6.value()), endpoint->identity.value);
}

EndpointRequest at(EndpointRequest request, const std::string& netns, std::uint64_t inode = 0) {
    request.netns = netns;
    request.netns_inode = inode;
    return request;
}
EndpointRequest with_ip(EndpointRequest request, const std::string& ip) {
    (addr(ip).v4() ? request.addr4 : request.addr6) = addr(ip);
    return request;
}
EndpointRequest on(EndpointRequest request, const std::string& ifname) {
    request.ifname = ifname;
    return request;
}

struct Row {
    const char* says;
    EndpointRequest request;
    const char* gets;
};

TEST(Endpoints, get_ids_addresses_and_identities) {
    const std::vector<Row> rows{
        {"the first after the router", request("a", {{"app", "x"}}), "1 10.244.1.2 fd44:1::2 256"},
        {"the next, and one identity for equal labels", request("b", {{"app", "x"}}), "2 10.244.1.3 fd44:1::3 256"},
        {"the same again", request("a", {{"app", "x"}}), "1 10.244.1.2 fd44:1::2 256"},
        {"other labels", request("c"), "3 10.244.1.4 fd44:1::4 257"},
        {"an address by name", with_ip(request("d"), "10.244.1.100"), "4 10.244.1.100 fd44:1::5 257"},
        {"that does not move the rotation", request("e"), "5 10.244.1.5 fd44:1::6 257"},
        {"a taken address", with_ip(request("f"), "10.244.1.100"),
         "conflict: address 10.244.1.100 is taken by endpoint 4 (default/d)"},
        {"an address outside", with_ip(request("f"), "10.9.9.9"), "invalid: address 10.9.9.9 is outside 10.244.1.0/24"},
        {"the router", with_ip(request("f"), "fd44:1::1"), "invalid: address fd44:1::1 of fd44:1::/64 is reserved"},
        {"refusals leaked nothing", request("f"), "6 10.244.1.6 fd44:1::7 257"},
        {"another pod in that namespace", at(request("g"), "/run/netns/a"),
         "conflict: eth0 in /run/netns/a is endpoint 1 (default/a) already"},
        {"another interface in it is free", on(at(request("g"), "/run/netns/a"), "eth1"), "7 10.244.1.7 fd44:1::8 257"},
        {"the pod in another namespace", at(request("a"), "/run/netns/new"),
         "conflict: pod default/a is endpoint 1 (default/a) in /run/netns/a already, interface eth0; remove it "
         "first"},
        {"the same with another address", with_ip(request("b"), "10.244.1.9"),
         "exists: endpoint 2 (default/b) exists with another address than 10.244.1.9"},
        {"the same with its own address", with_ip(request("d"), "10.244.1.100"), "4 10.244.1.100 fd44:1::5 257"},
        {"the same with other labels takes them on", request("b", {{"app", "y"}}), "2 10.244.1.3 fd44:1::3 258"},
    };
    Store store(dual_node());
    for (const Row& row : rows)
        EXPECT_EQ(text(store.add_endpoint(row.request)), row.gets) << row.says;
}

TEST(Endpoints, are_one_if_two_paths_lead_to_one_namespace) {
    Store store(dual_node());
    ASSERT_TRUE(store.add_endpoint(at(request("a"), "/run/netns/a", 77)));
    EXPECT_EQ(store.add_endpoint(at(request("a"), "/proc/12/ns/net", 77))->id.value, 1);
    EXPECT_EQ(store.add_endpoint(at(request("b"), "/proc/12/ns/net", 77)).error().code, Errc::conflict);
    EXPECT_EQ(store.add_endpoint(at(request("a"), "/proc/12/ns/net", 78))->netns_inode, 78U) << "made anew";
}

TEST(Endpoints, free_what_they_held_and_it_is_not_reused_at_once) {
    Store store(dual_node());
    ASSERT_EQ(text(store.add_endpoint(request("a"))), "1 10.244.1.2 fd44:1::2 256");
    ASSERT_TRUE(store.remove_endpoint(EndpointId{1}));
    EXPECT_EQ(store.remove_endpoint(EndpointId{1}).error().code, Errc::not_found);
    EXPECT_EQ(text(store.add_endpoint(request("a"))), "2 10.244.1.3 fd44:1::3 256");
    EXPECT_EQ(text(store.add_endpoint(with_ip(request("b"), "10.244.1.2"))), "3 10.244.1.2 fd44:1::4 256");
}

TEST(Endpoints, leak_nothing_when_one_family_is_exhausted) {
    auto node = dual_node();
    node.pod_cidrs = {prefix("10.244.1.0/24"), prefix("fd44:1::/126")};  // IPv6: ::2 and ::3
    Store store(node);
    ASSERT_TRUE(store.add_endpoint(request("a")));
    ASSERT_TRUE(store.add_endpoint(request("b")));
    const auto before = store.current();
    EXPECT_EQ(text(store.add_endpoint(request("c", {{"new", "labels"}}))),
              "exhausted: no free address in fd44:1::/126: all 2 are in use");
    EXPECT_EQ(store.current(), before);
    EXPECT_EQ(store.identities().size(), 1U);
    ASSERT_TRUE(store.remove_endpoint(EndpointId{1}));
    EXPECT_EQ(text(store.add_endpoint(request("c"))), "3 10.244.1.4 fd44:1::2 256");
}

TEST(Endpoints, need_a_pod_cidr) {
    auto node = dual_node();
    node.pod_cidrs = {};
    Store store(node);
    EXPECT_EQ(text(store.add_endpoint(request("a"))), "exhausted: this node has no pod CIDR to take an address from");
    EXPECT_EQ(store.add_endpoint(with_ip(request("a"), "10.0.0.1")).error().code, Errc::invalid);
}

// An endpoint with another pod's address would get what is sent to that one.
TEST(Endpoints, leave_addresses_to_the_pods_whose_manifests_name_them) {
    Store store(dual_node());
    auto host = pod("host", {}, {"10.244.1.6"}), finished = pod("finished", {}, {"10.244.1.6"});
    host.host_network = true;
    finished.finished = true;
    apply(store, says("pods.yaml", {pod("remote", {}, {"10.244.1.2", "fd44:1::3"}), pod("far", {}, {"10.99.0.1"}),
                                    pod("c", {}, {"10.244.1.20"}), pod("bad", {}, {"10.244.1.1"}), host, finished}));
    const std::vector<Row> rows{
        {"goes past what is named", request("a"), "1 10.244.1.3 fd44:1::2 256"},
        {"in both families", request("b"), "2 10.244.1.4 fd44:1::4 256"},
        {"who is named gets it", request("c"), "3 10.244.1.20 fd44:1::5 256"},
        {"what was named does not move the rotation", request("d"), "4 10.244.1.5 fd44:1::6 256"},
        {"the node's address is nobody's in here", request("e"), "5 10.244.1.6 fd44:1::7 256"},
        {"a name that cannot be had", request("bad"), "6 10.244.1.7 fd44:1::8 256"},
        {"asked for by another", with_ip(request("f"), "10.244.1.2"),
         "conflict: address 10.244.1.2 is named by the manifest of Pod default/remote"},
        {"asked for by itself", with_ip(request("remote"), "10.244.1.2"), "7 10.244.1.2 fd44:1::3 256"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(text(store.add_endpoint(row.request)), row.gets) << row.says;
    ASSERT_TRUE(store.remove_endpoint(EndpointId{7}));
    EXPECT_EQ(text(store.add_endpoint(with_ip(request("f"), "fd44:1::3"))),
              "conflict: address fd44:1::3 is named by the manifest of Pod default/remote");
    apply(store, gone("pods.yaml"));
    EXPECT_EQ(to_string(*store.add_endpoint(with_ip(request("f"), "10.244.1.2"))->addr4), "10.244.1.2");
}

TEST(Endpoints, run_out_before_they_take_an_address_that_a_manifest_names) {
    auto node = dual_node();
    node.pod_cidrs = {prefix("10.244.1.0/30")};  // .2 alone
    Store store(node);
    apply(store, says("pods.yaml", {pod("remote", {}, {"10.244.1.2"})}));
    EXPECT_EQ(text(store.add_endpoint(request("a"))),
              "exhausted: no free address in 10.244.1.0/30: 0 are in use, the others are named by Pod manifests");
    apply(store, says("pods.yaml", {pod("remote", {}, {"10.244.1.3"})}));
    EXPECT_EQ(to_string(*store.add_endpoint(request("a"))->addr4), "10.244.1.2");
}

TEST(Endpoints, follow_the_labels_of_their_pod) {
    Store store(dual_node());
    const auto labels = [&] { return store.current()->endpoints.at(EndpointId{1})->labels; };
    ASSERT_TRUE(store.add_endpoint(request("a", {{"tier", "own"}})));
    EXPECT_THAT(labels(), ElementsAre(Pair("tier", "own")));
    const IdentityId first = store.current()->endpoints.at(EndpointId{1})->identity;
    apply(store, says("a.yaml", {pod("a", {{"app", "web"}, {"tier", "manifest"}})}));
    EXPECT_THAT(labels(), ElementsAre(Pair("app", "web"), Pair("tier", "own"))) << "own labels win";
    EXPECT_NE(store.current()->endpoints.at(EndpointId{1})->identity, first);
    apply(store, says("a.yaml", {pod("a", {{"app", "api"}})}));
    EXPECT_THAT(labels(), ElementsAre(Pair("app", "api"), Pair("tier", "own")));
    apply(store, gone("a.yaml"));
    EXPECT_THAT(labels(), ElementsAre(Pair("tier", "own")));
    EXPECT_EQ(store.current()->endpoints.at(EndpointId{1})->identity, first) << "the number of known labels stays";
}

// It would miss the policies that select it by the labels that nobody can read.
TEST(Endpoints, wait_for_a_manifest_that_may_be_theirs_and_cannot_be_read) {
    const auto of_kind = [](model::Kind kind) {
        auto result = problem("bad name");
        result.kind = kind;
        return result;
    };
    const auto pod_ref = [](const std::string& name) { return model::Ref{model::Kind::pod, "default", name}; };
    const struct {
        const char* says;
        model::Problem problem;
        const char* gets;
    } rows[] = {
        {"its own document", problem("bad label", pod_ref("a")),
         "unavailable: pod default/a: its labels may stand in a manifest that cannot be read: a.yaml:1: bad label (Pod "
         "default/a)"},
        {"a document that may be anything", problem("not YAML"),
         "unavailable: pod default/a: its labels may stand in a manifest that cannot be read: a.yaml:1: not YAML"},
        {"a Pod without a readable name", of_kind(model::Kind::pod),
         "unavailable: pod default/a: its labels may stand in a manifest that cannot be read: a.yaml:1: bad name"},
        {"another pod's", problem("bad label", pod_ref("b")), "1 10.244.1.2 fd44:1::2 256"},
        {"a Service", problem("bad port", service_ref("a")), "1 10.244.1.2 fd44:1::2 256"},
        {"a Service without a readable name", of_kind(model::Kind::service), "1 10.244.1.2 fd44:1::2 256"},
    };
    for (const auto& row : rows) {
        Store store(dual_node());
        apply(store, says("a.yaml", {}, {row.problem}));
        EXPECT_EQ(text(store.add_endpoint(request("a"))), row.gets) << row.says;
        apply(store, says("a.yaml", {pod("a", {{"app", "web"}})}));
        EXPECT_EQ(store.add_endpoint(request("a"))->labels.at("app"), "web") << row.says << ": mended";
        apply(store, says("a.yaml", {}, {row.problem, problem("bad label", pod_ref("a"))}));
        EXPECT_TRUE(store.add_endpoint(request("a"))) << row.says << ": it has its network";
        ASSERT_TRUE(store.remove_endpoint(EndpointId{1}));
        EXPECT_EQ(store.add_endpoint(request("a"))->labels.at("app"), "web") << row.says << ": the last good version";
    }
}

TEST(Endpoints, are_up_only_while_they_exist) {
    Store store(dual_node());
    ASSERT_TRUE(store.add_endpoint(request("a")));
    store.set_up({EndpointId{1}, EndpointId{9}});
    EXPECT_THAT(store.current()->up, ElementsAre(EndpointId{1}));
    const auto before = store.current();
    store.set_up({EndpointId{1}});
    EXPECT_EQ(store.current(), before);
    ASSERT_TRUE(store.remove_endpoint(EndpointId{1}));
    EXPECT_THAT(store.current()->up, IsEmpty());
}

// A store with one labelled endpoint, and a new one that has restored it.
struct Restart {
    Store before{dual_node()}, after{dual_node()};
    model::Endpoint endpoint;
    Restart() {
        apply(before, says("a.yaml", {pod("a", {{"app", "web"}})}));
        endpoint = before.add_endpoint(request("a", {{"own", "1"}})).value();
        EXPECT_TRUE(after.restore_identities(before.identities()));
        EXPECT_TRUE(after.restore_endpoint(endpoint));
    }
};

TEST(Endpoints, survive_a_restart) {
    Restart r;
    EXPECT_EQ(*r.after.current()->endpoints.at(EndpointId{1}), r.endpoint);
    EXPECT_EQ(text(r.after.add_endpoint(request("b"))), "2 10.244.1.3 fd44:1::3 257");
    EXPECT_EQ(r.after.restore_endpoint(r.endpoint).error().code, Errc::conflict);
    auto other = r.endpoint;
    other.id = EndpointId{8};
    other.pod.name = "z";
    other.netns = "/run/netns/z";
    EXPECT_THAT(r.after.restore_endpoint(other).error().what,
                HasSubstr("endpoint 8 (default/z) has the id, pod, namespace or an address of endpoint 1 (default/a)"));
}

TEST(Endpoints, keep_their_labels_after_a_restart_until_the_files_are_read) {
    Restart unread, same, lost, broken, added;
    same.after.apply({});
    (void)unread;
    apply(same.after, says("a.yaml", {pod("a", {{"app", "web"}})}));
    apply(lost.after, says("a.yaml", {}));
    apply(broken.after, says("a.yaml", {}, {problem("not YAML")}));
    EXPECT_TRUE(added.after.add_endpoint(request("a", {{"own", "1"}})));
    const auto labels = [](const Restart& r) { return r.after.current()->endpoints.at(EndpointId{1})->labels; };
    const model::Labels all{{"app", "web"}, {"own", "1"}};
    EXPECT_EQ(labels(unread), all);
    EXPECT_EQ(labels(same), all);
    EXPECT_EQ(labels(lost), (model::Labels{{"own", "1"}}));
    EXPECT_EQ(labels(broken), all) << "a file that cannot be read proves nothing";
    EXPECT_EQ(labels(added), all) << "nor does asking again before the files are read";
    apply(broken.after, says("a.yaml", {}));
    EXPECT_EQ(labels(broken), (model::Labels{{"own", "1"}}));
}

}  // namespace
}  // namespace beeline::store
