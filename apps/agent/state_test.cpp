#include "apps/agent/state.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "apps/agent/state_json.h"
#include "base/file.h"

namespace beeline::agent {
namespace {

class StateTest : public testing::Test {
protected:
    StateTest() {
        char name[] = "/tmp/beeline-state-XXXXXX";
        folder_ = mkdtemp(name);
    }
    ~StateTest() override { std::filesystem::remove_all(folder_); }
    std::string file(const std::string& name) const { return folder_ + "/state/" + name; }
    SavedState load() {
        auto state = StateFolder(folder_).load();
        EXPECT_TRUE(state) << state.error().what;
        return state.value_or(SavedState{});
    }
    std::string folder_;
};

model::Endpoint sample(std::uint16_t id) {
    model::Endpoint endpoint;
    endpoint.id = {id};
    endpoint.pod = {"default", "web"};
    endpoint.labels = {{"app", "web"}, {"quote", "a\"b\\c\n"}};
    endpoint.own_labels = {{"app", "web"}};
    endpoint.netns = "/run/netns/web";
    endpoint.netns_inode = 4026532000;
    endpoint.addr4 = *parse_addr("10.1.0.7");
    endpoint.addr6 = *parse_addr("fd00::7");
    endpoint.identity = {300};
    endpoint.created_ms = 1763808067000;
    return endpoint;
}

TEST_F(StateTest, WhatWasSavedIsLoadedByTheNextAgent) {
    const IdentityTable identities{{{"default", {{"app", "web"}}}, {300}}, {{"other", {}}, {301}}};
    const store::NodePortTable ports{
        {{"default", "web"}, {{"", Proto::tcp, Port{30080}}, {"dns", Proto::udp, Port{1}}}},
        {{"other", "lb"}, {{"/healthz", Proto::tcp, Port{65535}}}}};
    const ClusterIpTable ips{{{"default", "web"}, {*parse_addr("10.96.0.1"), *parse_addr("fd00:96::1")}}};
    {
        StateFolder state(folder_);
        ASSERT_TRUE(state.load());
        ASSERT_TRUE(state.save(sample(7)));
        model::Endpoint only4 = sample(3);
        only4.addr6.reset();
        ASSERT_TRUE(state.save(only4));
        ASSERT_TRUE(state.save_identities(identities));
        ASSERT_TRUE(state.save_cluster_ips(ips));
        ASSERT_TRUE(state.save_node_ports(ports));
    }
    const SavedState loaded = load();
    EXPECT_TRUE(loaded.problems.empty());
    ASSERT_EQ(loaded.endpoints.size(), 2u);
    EXPECT_EQ(loaded.endpoints[0].id.value, 3);
    EXPECT_FALSE(loaded.endpoints[0].addr6);
    EXPECT_EQ(endpoint_text(loaded.endpoints[1]), endpoint_text(sample(7)));
    EXPECT_EQ(loaded.endpoints[1].labels.at("quote"), "a\"b\\c\n");
    EXPECT_EQ(loaded.identities, identities);
    EXPECT_EQ(loaded.cluster_ips, ips);
    EXPECT_EQ(loaded.node_ports, ports);
}

TEST_F(StateTest, AStateWithoutNodePortsIsReadAsWell) {
    {
        StateFolder state(folder_);
        ASSERT_TRUE(state.load());
        ASSERT_TRUE(state.save_cluster_ips({{{"default", "web"}, {*parse_addr("10.96.0.1")}}}));
    }
    const SavedState loaded = load();
    EXPECT_TRUE(loaded.problems.empty());
    EXPECT_EQ(loaded.cluster_ips.size(), 1u);
    EXPECT_TRUE(loaded.node_ports.empty());
}

TEST_F(StateTest, AnEmptyRunDirIsAnEmptyState) {
    const SavedState loaded = load();
    EXPECT_TRUE(loaded.endpoints.empty());
    EXPECT_TRUE(loaded.problems.empty());
}

TEST_F(StateTest, ARemovedEndpointIsGone) {
    StateFolder state(folder_);
    ASSERT_TRUE(state.load());
    ASSERT_TRUE(state.save(sample(7)));
    ASSERT_TRUE(state.remove({7}));
    ASSERT_TRUE(state.remove({7})) << "twice is fine";
    EXPECT_FALSE(std::filesystem::exists(file("7")));
}

TEST_F(StateTest, ACorruptFileIsReportedByNameAndSetAside) {
    struct Row {
        const char* sentence;
        const char* name;
        std::string text;
    };
    const std::string good = endpoint_text(sample(7));
    std::string other_id = good, no_netns = good, bad_addr = good, big_id = good;
    other_id.replace(other_id.find("\"id\":7"), 6, "\"id\":8");
    big_id.replace(big_id.find("\"id\":7"), 6, "\"id\":99999");
    no_netns.replace(no_netns.find("\"netns\""), 7, "\"nets_\"");
    bad_addr.replace(bad_addr.find("10.1.0.7"), 8, "10.1.0.x");
    const Row rows[] = {
        {"empty", "7/endpoint.json", ""},
        {"cut off", "7/endpoint.json", good.substr(0, good.size() / 2)},
        {"not an object", "7/endpoint.json", "[]"},
        {"a field missing", "7/endpoint.json", no_netns},
        {"a bad address", "7/endpoint.json", bad_addr},
        {"an id out of range", "7/endpoint.json", big_id},
        {"another endpoint's", "7/endpoint.json", other_id},
        {"binary", "7/endpoint.json", std::string("\0\xff\x01", 3)},
        {"a table that is no table", "identities.json", R"({"identities":{}})"},
        {"a row that is no row", "identities.json", R"({"identities":[1]})"},
        {"a label that is no string", "identities.json",
         R"({"identities":[{"id":300,"namespace":"a","labels":{"a":1}}]})"},
        {"an address that is none", "cluster_ips.json",
         R"({"cluster_ips":[{"namespace":"a","name":"b","ips":["x"]}]})"},
        {"a protocol that is none", "node_ports.json",
         R"({"node_ports":[{"namespace":"a","name":"b","ports":[{"name":"","protocol":"tcp","port":30000}]}]})"},
        {"port zero", "node_ports.json",
         R"({"node_ports":[{"namespace":"a","name":"b","ports":[{"name":"","protocol":"TCP","port":0}]}]})"},
    };
    for (const Row& row : rows) {
        StateFolder state(folder_);
        ASSERT_TRUE(state.load());
        ASSERT_TRUE(state.save(sample(9)));
        std::filesystem::create_directories(file("7"));
        ASSERT_TRUE(write_file(file(row.name), row.text));
        const SavedState loaded = load();
        ASSERT_EQ(loaded.problems.size(), 1u) << row.sentence;
        EXPECT_TRUE(loaded.problems[0].starts_with(file(row.name))) << loaded.problems[0];
        EXPECT_EQ(loaded.endpoints.size(), 1u) << row.sentence << ": the others are loaded";
        EXPECT_TRUE(std::filesystem::exists(file(row.name) + ".corrupt")) << row.sentence;
        EXPECT_TRUE(load().problems.empty()) << row.sentence << ": told once";
        std::filesystem::remove_all(folder_ + "/state");
    }
}

TEST_F(StateTest, ATableIsWrittenOnlyWhenItChanged) {
    StateFolder state(folder_);
    ASSERT_TRUE(state.load());
    const IdentityTable table{{{"default", {}}, {300}}};
    ASSERT_TRUE(state.save_identities(table));
    std::filesystem::remove(file("identities.json"));
    ASSERT_TRUE(state.save_identities(table));
    EXPECT_FALSE(std::filesystem::exists(file("identities.json")));
    ASSERT_TRUE(state.save_identities({}));
    EXPECT_TRUE(std::filesystem::exists(file("identities.json")));
}

TEST_F(StateTest, AFolderLeftByAKillIsNoProblem) {
    std::filesystem::create_directories(file("12"));
    EXPECT_TRUE(load().problems.empty());
}

TEST_F(StateTest, AStateFolderThatCannotBeMadeIsAnError) {
    ASSERT_TRUE(write_file(folder_ + "/state", "a file"));
    EXPECT_FALSE(StateFolder(folder_).load());
}

}  // namespace
}  // namespace beeline::agent
