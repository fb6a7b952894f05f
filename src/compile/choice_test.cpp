#include "compile/choice.h"

#include <gtest/gtest.h>

#include <sstream>

#include "compile/fixture.h"

namespace beeline::compile {
namespace {

using Numbers = std::vector<int>;  // last bytes of addresses

struct Given {
    int number;
    const char* words;  // see conditions()
};
struct Row {
    const char* says;
    std::vector<Given> members;
    Numbers cluster, local, draining;  // draining: with traffic policy Cluster
    bool any = true;
};

Conditions conditions(const char* words) {
    Conditions result;
    std::istringstream text(words);
    for (std::string word; text >> word;) {
        if (word == "ready") result.ready = result.serving = true;
        if (word == "leaving") result.serving = result.terminating = true;
        if (word == "gone") result.terminating = true;
        if (word == "held") result.serving = true;
        if (word == "here") result.local = true;
        if (word == "our-node") result.node = {true, true};
        if (word == "a-node") result.node = {true, false};
        if (word == "our-zone") result.zone = {true, true};
        if (word == "a-zone") result.zone = {true, false};
    }
    return result;
}

Numbers numbers(const std::vector<plan::Backend>& backends) {
    Numbers result;
    for (const plan::Backend& backend : backends)
        result.push_back(backend.addr.bytes[3]);
    return result;
}

void check(const Row& row) {
    Members members;
    for (const Given& given : row.members)
        members[{addr("10.0.0." + std::to_string(given.number)), Port{80}}] = conditions(given.words);
    members[{addr("fd00::1"), Port{80}}] = conditions("ready here our-node our-zone");
    const Choice choice = choose(members, Family::v4);
    EXPECT_EQ(numbers(choice.cluster), row.cluster) << row.says;
    EXPECT_EQ(numbers(choice.local), row.local) << row.says;
    EXPECT_EQ(choice.any, row.any) << row.says;
    plan::Frontend frontend;
    frontend.backends = choice.cluster;
    EXPECT_EQ(numbers(draining(choice, frontend)), row.draining) << row.says;
}

TEST(Choice, prefers_the_ready_ones_then_those_that_leave) {
    const std::vector<Row> rows{
        {"nobody", {}, {}, {}, {}, false},
        {"none that serves", {{1, "gone"}, {2, ""}}, {}, {}, {}, false},
        {"a ready one", {{1, "ready"}, {2, "gone"}}, {1}, {}, {}},
        {"the leaving one keeps its flows", {{1, "ready"}, {2, "leaving"}}, {1}, {}, {2}},
        {"none ready: the leaving", {{1, "leaving"}, {2, "gone"}, {3, "held"}}, {1}, {}, {3}},
        {"serving alone is no backend", {{1, "held"}}, {}, {}, {1}, false},
        {"ready and terminating: published unready", {{1, "ready gone"}, {2, "leaving"}}, {1}, {}, {2}},
    };
    for (const Row& row : rows)
        check(row);
}

TEST(Choice, has_a_local_set_of_its_own) {
    const std::vector<Row> rows{
        {"a ready one here", {{1, "ready here"}, {2, "ready"}}, {1, 2}, {1}, {}},
        {"only elsewhere", {{1, "ready"}, {2, "held here"}}, {1}, {}, {2}},
        {"leaving here, ready elsewhere", {{1, "leaving here"}, {2, "ready"}}, {2}, {1}, {1}},
        {"ready here counts more than leaving here", {{1, "leaving here"}, {2, "ready here"}}, {2}, {2}, {1}},
        {"only leaving, only elsewhere", {{1, "leaving"}}, {1}, {}, {}},
    };
    for (const Row& row : rows)
        check(row);
}

TEST(Choice, follows_hints_that_all_ready_members_have) {
    const std::vector<Row> rows{
        {"by node", {{1, "ready our-node"}, {2, "ready a-node"}}, {1}, {}, {2}},
        {"by zone", {{1, "ready our-zone"}, {2, "ready a-zone"}}, {1}, {}, {2}},
        {"node before zone", {{1, "ready our-node our-zone"}, {2, "ready a-node our-zone"}}, {1}, {}, {2}},
        {"the zone if no hint names the node",
         {{1, "ready a-node our-zone"}, {2, "ready a-node a-zone"}},
         {1},
         {},
         {2}},
        {"the zone if one has no hint of a node",
         {{1, "ready our-node our-zone"}, {2, "ready our-zone"}, {3, "ready a-node a-zone"}},
         {1, 2},
         {},
         {3}},
        {"one without hints: all", {{1, "ready our-zone our-node"}, {2, "ready"}}, {1, 2}, {}, {}},
        {"none for us: all", {{1, "ready a-zone a-node"}, {2, "ready a-zone"}}, {1, 2}, {}, {}},
        {"only ready ones are asked", {{1, "ready our-zone"}, {2, "ready a-zone"}, {3, "leaving"}}, {1}, {}, {2, 3}},
        {"hints of the leaving ones mean nothing", {{1, "leaving our-zone"}, {2, "leaving a-zone"}}, {1, 2}, {}, {}},
        {"no way back to leaving ones", {{1, "leaving our-zone"}, {2, "ready a-zone"}}, {2}, {}, {1}},
        {"policy Local does not ask for hints",
         {{1, "ready our-zone"}, {2, "ready a-zone here"}, {3, "ready a-zone"}},
         {1},
         {2},
         {2, 3}},
    };
    for (const Row& row : rows)
        check(row);
}

TEST(Choice, marks_those_that_leave) {
    Members members;
    members[{addr("10.0.0.1"), Port{80}}] = conditions("leaving here");
    const plan::Backend leaving{addr("10.0.0.1"), Port{80}, true};
    const Choice choice = choose(members, Family::v4);
    EXPECT_EQ(choice.cluster, std::vector{leaving});
    EXPECT_EQ(choice.local, std::vector{leaving});
    members[{addr("10.0.0.1"), Port{80}}] = conditions("ready gone");
    EXPECT_FALSE(choose(members, Family::v4).cluster.at(0).terminating);
}

TEST(Choice, drains_what_is_in_neither_list) {
    Members members;
    members[{addr("10.0.0.1"), Port{80}}] = conditions("leaving here");
    members[{addr("10.0.0.2"), Port{80}}] = conditions("ready");
    members[{addr("10.0.0.3"), Port{80}}] = conditions("leaving");
    const Choice choice = choose(members, Family::v4);
    plan::Frontend frontend;
    frontend.backends = choice.cluster;
    frontend.outside = choice.local;
    EXPECT_EQ(numbers(draining(choice, frontend)), Numbers{3});
}

}  // namespace
}  // namespace beeline::compile
