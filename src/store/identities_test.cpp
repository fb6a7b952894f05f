#include "store/identities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/fixture.h"

namespace beeline::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

model::IdentityLabels labels(const std::string& value) {
    return {"default", {{"app", value}}};
}

TEST(Identities, stand_for_namespace_and_labels) {
    Identities ids(IdentityId{65535});
    EXPECT_EQ(ids.obtain(labels("a"))->value, 256U);
    EXPECT_EQ(ids.obtain(labels("b"))->value, 257U);
    EXPECT_EQ(ids.obtain(labels("a"))->value, 256U);
    EXPECT_EQ(ids.obtain({"other", {{"app", "a"}}})->value, 258U);
}

TEST(Identities, are_restored_as_they_were) {
    Identities ids(IdentityId{65535});
    ASSERT_TRUE(ids.restore(labels("a"), IdentityId{300}));
    ASSERT_TRUE(ids.restore(labels("a"), IdentityId{300})) << "twice the same is fine";
    EXPECT_EQ(ids.obtain(labels("a"))->value, 300U);
    EXPECT_EQ(ids.obtain(labels("b"))->value, 301U);
    EXPECT_EQ(ids.restore(labels("a"), IdentityId{400}).error().code, Errc::conflict);
    EXPECT_EQ(ids.restore(labels("c"), IdentityId{300}).error().code, Errc::conflict);
    EXPECT_EQ(ids.restore(labels("c"), IdentityId{2}).error().code, Errc::invalid);
}

TEST(Identities, are_forgotten_only_on_demand) {
    Identities ids(IdentityId{300});
    for (int i = 256; i <= 300; ++i)
        ASSERT_TRUE(ids.obtain(labels(std::to_string(i))));
    EXPECT_EQ(ids.obtain(labels("one too many")).error().code, Errc::exhausted);
    ids.keep_only({IdentityId{256}, IdentityId{257}});
    EXPECT_EQ(ids.table().size(), 2U);
    EXPECT_EQ(ids.obtain(labels("one too many"))->value, 258U);
}

TEST(Identities, are_given_to_pods_that_have_an_address_of_their_own) {
    auto host = pod("host", {{"app", "host"}}, {"192.0.2.1"}),
         finished = pod("done", {{"app", "done"}}, {"10.244.2.8"});
    host.host_network = true;
    finished.finished = true;
    Store store(dual_node());
    apply(store,
          says("a.yaml", {pod("a", {{"app", "a"}}, {"10.244.2.9"}), pod("pending", {{"app", "p"}}), host, finished}));
    EXPECT_THAT(store.identities(), ElementsAre(testing::Pair(labels("a"), IdentityId{256})));
    EXPECT_EQ(store.current()->identities.at(labels("a")), IdentityId{256});
    apply(store, gone("a.yaml"));
    EXPECT_EQ(store.identities().size(), 1U) << "a number stays known";
}

TEST(Identities, that_run_out_are_an_error_of_the_object_and_those_out_of_use_are_given_again) {
    Store store(dual_node(), IdentityId{300});
    IdentityTable table;
    for (std::uint32_t i = 256; i <= 300; ++i)
        table.emplace_back(labels(std::to_string(i)), IdentityId{i});
    ASSERT_TRUE(store.restore_identities(table));
    ASSERT_TRUE(store.add_endpoint(request("a", {{"app", "256"}})));
    const auto fresh = store.add_endpoint(request("b", {{"app", "new"}}));
    EXPECT_EQ(fresh->identity.value, 257U) << "256 is in use, 257 was not";
}

TEST(Identities, that_are_all_in_use_refuse_the_pod_alone) {
    Store store(dual_node(), IdentityId{300});
    std::vector<model::Object> pods;
    for (int i = 256; i <= 300; ++i)
        pods.emplace_back(pod(std::to_string(i), {{"app", std::to_string(i)}}, {"10.1.1.1"}));
    apply(store, says("many.yaml", std::move(pods)));
    apply(store, says("a.yaml", {pod("more", {{"app", "more"}}, {"10.1.1.2"}), service("web")}));
    EXPECT_THAT(problems_of(store), ElementsAre(HasSubstr("a.yaml:1: no identity left")));
    EXPECT_FALSE(store.current()->pods.contains({"default", "more"}));
    EXPECT_NE(ips_of(store, "web"), "-");
    EXPECT_EQ(store.add_endpoint(request("b", {{"app", "new"}})).error().code, Errc::exhausted);
    apply(store, gone("many.yaml"));
    EXPECT_THAT(problems_of(store), IsEmpty());
}

}  // namespace
}  // namespace beeline::store
