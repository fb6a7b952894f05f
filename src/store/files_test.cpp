// What files say, and what stays in force when they say it wrongly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/fixture.h"

namespace beeline::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> in_force(const Store& store) {
    std::vector<std::string> names;
    for (const auto& [name, object] : store.current()->services)
        names.push_back(name.name);
    return names;
}

unsigned port_of(const Store& store, const std::string& name) {
    return store.current()->services.at({"default", name})->ports[0].port.value;
}

model::Service with_port(model::Service service, std::uint16_t port) {
    service.ports[0].port = Port{port};
    return service;
}

struct Step {
    const char* says;
    FileEdit edit;
    std::vector<std::string> in_force;
    std::size_t problems;
};

TEST(Files, decide_together_what_is_in_force) {
    const auto a = service("a", {"10.96.0.10"}), b = service("b", {"10.96.0.11"}), c = service("c", {"10.96.0.12"});
    std::vector<Step> steps;
    steps.push_back({"a file brings its objects", says("a.yaml", {a, b}), {"a", "b"}, 0});
    steps.push_back({"what it does not say any more goes", says("a.yaml", {a}), {"a"}, 0});
    steps.push_back({"another file is added", says("b.yaml", {b, c}), {"a", "b", "c"}, 0});
    steps.push_back({"a document with a problem keeps its object",
                     says("b.yaml", {c}, {problem("bad port", service_ref("b"))}),
                     {"a", "b", "c"},
                     1});
    steps.push_back({"a problem of an object never seen brings nothing",
                     says("b.yaml", {c}, {problem("bad port", service_ref("b")), problem("x", service_ref("z"))}),
                     {"a", "b", "c"},
                     2});
    steps.push_back({"a problem of the whole file keeps all it said",
                     says("b.yaml", {}, {problem("not YAML")}),
                     {"a", "b", "c"},
                     1});
    steps.push_back({"when it is good again only what it says stays", says("b.yaml", {b}), {"a", "b"}, 0});
    steps.push_back({"a file that is gone takes its objects along", gone("b.yaml"), {"a"}, 0});
    steps.push_back({"a file never seen may go", gone("c.yaml"), {"a"}, 0});
    Store store(dual_node());
    for (Step& step : steps) {
        apply(store, std::move(step.edit));
        EXPECT_EQ(in_force(store), step.in_force) << step.says;
        EXPECT_EQ(store.problems().size(), step.problems) << step.says;
    }
}

TEST(Files, are_asked_what_they_count_as_having_said) {
    Store store(dual_node());
    const auto said = [&](const std::string& file) {
        std::string names;
        for (const model::Ref& ref : store.said_by(file))
            names += ref.name + " ";
        return names;
    };
    apply(store, says("a.yaml", {service("a"), service("b")}));
    apply(store, says("b.yaml", {service("b"), service("c")}));
    EXPECT_EQ(said("a.yaml"), "a b ");
    EXPECT_EQ(said("b.yaml"), "b c ") << "also what another file said first";
    apply(store, says("a.yaml", {service("d")}, {problem("bad port", service_ref("a"))}));
    EXPECT_EQ(said("a.yaml"), "a d ");
    apply(store, says("a.yaml", {}, {problem("not YAML")}));
    EXPECT_EQ(said("a.yaml"), "a d ");
    apply(store, gone("a.yaml"));
    EXPECT_EQ(said("a.yaml") + said("never.yaml"), "");
}

TEST(Files, refuse_an_object_that_another_file_defines) {
    Store store(dual_node());
    apply(store, says("a.yaml", {with_port(service("web", {"10.96.0.10"}, 3), 80)}));
    apply(store, says("b.yaml", {with_port(service("web", {"10.96.0.10"}, 7), 81)}));
    EXPECT_EQ(port_of(store, "web"), 80U);
    EXPECT_THAT(problems_of(store),
                ElementsAre("b.yaml:7: metadata.name: 'web' is defined already in a.yaml:3, which stays in force "
                            "(Service default/web)"));
    apply(store, says("b.yaml", {with_port(service("web", {"10.96.0.10"}, 7), 82)}));
    EXPECT_EQ(port_of(store, "web"), 80U) << "an edit of the second changes nothing";
    apply(store, gone("a.yaml"));
    EXPECT_EQ(port_of(store, "web"), 82U) << "the second takes over";
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(Files, refuse_the_second_of_two_equal_names_in_one_file) {
    Store store(dual_node());
    apply(store, says("a.yaml", {with_port(service("web", {}, 3), 80), with_port(service("web", {}, 9), 81)}));
    EXPECT_EQ(port_of(store, "web"), 80U);
    EXPECT_THAT(problems_of(store),
                ElementsAre("a.yaml:9: metadata.name: 'web' is defined already in a.yaml:3, which stays in force "
                            "(Service default/web)"));
}

TEST(Files, may_hand_an_object_over_in_one_edit) {
    Store store(dual_node());
    apply(store, says("a.yaml", {service("web")}));
    const std::string before = ips_of(store, "web");
    std::vector<FileEdit> edits;
    edits.push_back(says("b.yaml", {with_port(service("web"), 81)}));
    edits.push_back(gone("a.yaml"));
    store.apply(std::move(edits));
    EXPECT_EQ(port_of(store, "web"), 81U);
    EXPECT_EQ(ips_of(store, "web"), before);
    EXPECT_THAT(problems_of(store), IsEmpty());
}

TEST(Files, order_problems_by_file_and_line) {
    Store store(dual_node());
    auto second = problem("two");
    second.line = 2;
    auto other = problem("other");
    other.file = "A.yaml";
    other.line = 9;
    apply(store, says("a.yaml", {}, {second, problem("one")}));
    apply(store, says("A.yaml", {}, {other}));
    EXPECT_THAT(problems_of(store), ElementsAre("A.yaml:9: other", "a.yaml:1: one", "a.yaml:2: two"));
}

TEST(Generations, move_only_when_something_changed) {
    Store store(dual_node());
    apply(store, says("a.yaml", {service("a"), service("b")}));
    const auto first = store.current();
    apply(store, says("a.yaml", {service("a"), service("b")}));
    EXPECT_EQ(store.current(), first) << "the same again";
    apply(store, says("b.yaml", {}, {problem("not YAML")}));
    EXPECT_EQ(store.current(), first) << "a problem changes no object";
    apply(store, says("a.yaml", {service("b"), service("a")}));
    EXPECT_EQ(store.current(), first) << "order in the file does not count";
    apply(store, says("a.yaml", {service("a"), with_port(service("b"), 81)}));
    EXPECT_EQ(store.current()->generation.value, first->generation.value + 1);
}

TEST(Generations, share_what_did_not_change) {
    Store store(dual_node());
    apply(store, says("a.yaml", {service("a"), service("b"), pod("p", {{"app", "p"}}, {"10.244.2.2"})}));
    const auto first = store.current();
    apply(store, says("a.yaml", {service("a"), with_port(service("b"), 81), pod("p", {{"app", "p"}}, {"10.244.2.2"})}));
    const auto second = store.current();
    const model::Name a{"default", "a"}, b{"default", "b"}, p{"default", "p"};
    EXPECT_EQ(first->services.at(a), second->services.at(a));
    EXPECT_NE(first->services.at(b), second->services.at(b));
    EXPECT_EQ(first->pods.at(p), second->pods.at(p));
    EXPECT_EQ(first->services.at(b)->ports[0].port.value, 80) << "what readers hold never changes";
}

}  // namespace
}  // namespace beeline::store
