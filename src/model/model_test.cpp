#include <gtest/gtest.h>

#include "model/objects.h"
#include "model/problem.h"

namespace beeline::model {
namespace {

using Op = Requirement::Op;

TEST(Selector, matches_labels_and_expressions) {
    struct Row {
        const char* what;
        Selector selector;
        Labels labels;
        bool matches;
    };
    const Row rows[] = {
        {"empty selects everything", {}, {{"a", "1"}}, true},
        {"empty selects no labels at all", {}, {}, true},
        {"label equal", {{{"a", "1"}}, {}}, {{"a", "1"}, {"b", "2"}}, true},
        {"label other", {{{"a", "1"}}, {}}, {{"a", "2"}}, false},
        {"label absent", {{{"a", "1"}}, {}}, {{"b", "1"}}, false},
        {"all labels must match", {{{"a", "1"}, {"b", "2"}}, {}}, {{"a", "1"}}, false},
        {"In holds", {{}, {{"a", Op::in, {"1", "2"}}}}, {{"a", "2"}}, true},
        {"In other", {{}, {{"a", Op::in, {"1", "2"}}}}, {{"a", "3"}}, false},
        {"In absent", {{}, {{"a", Op::in, {"1"}}}}, {}, false},
        {"NotIn other", {{}, {{"a", Op::not_in, {"1"}}}}, {{"a", "2"}}, true},
        {"NotIn absent holds", {{}, {{"a", Op::not_in, {"1"}}}}, {}, true},
        {"NotIn listed", {{}, {{"a", Op::not_in, {"1"}}}}, {{"a", "1"}}, false},
        {"Exists", {{}, {{"a", Op::exists, {}}}}, {{"a", ""}}, true},
        {"Exists absent", {{}, {{"a", Op::exists, {}}}}, {{"b", ""}}, false},
        {"DoesNotExist", {{}, {{"a", Op::does_not_exist, {}}}}, {{"b", ""}}, true},
        {"DoesNotExist present", {{}, {{"a", Op::does_not_exist, {}}}}, {{"a", ""}}, false},
        {"both parts must hold", {{{"a", "1"}}, {{"b", Op::exists, {}}}}, {{"a", "1"}}, false},
    };
    for (const Row& row : rows)
        EXPECT_EQ(row.selector.matches(row.labels), row.matches) << row.what;
}

TEST(Name, is_namespace_slash_name) {
    EXPECT_EQ(to_string(*parse_name("shop/web")), "shop/web");
    EXPECT_EQ(to_string(*parse_name("web")), "default/web");
    for (const char* bad : {"", "/", "a/", "/b", "a/b/c"}) {
        const auto name = parse_name(bad);
        ASSERT_FALSE(name) << bad;
        EXPECT_EQ(name.error().what, "'" + std::string(bad) + "' is not of the form namespace/name");
    }
}

TEST(Problem, is_one_line_for_its_author) {
    const Ref web{Kind::service, "default", "web"};
    const Problem full{"web.yaml", 14, "spec.ports[0].port", "8x", "is not a number", web};
    EXPECT_EQ(to_string(full), "web.yaml:14: spec.ports[0].port: '8x' is not a number (Service default/web)");
    EXPECT_EQ(to_string(Problem{"web.yaml", 0, "", "", "cannot be read", {}}), "web.yaml: cannot be read");
    EXPECT_EQ(to_string(Problem{"", 3, "spec", "", "is missing", Ref{Kind::node, "", "n1"}}),
              "spec: is missing (Node n1)");
}

TEST(Object, knows_its_reference_and_origin) {
    const struct {
        Object object;
        const char* ref;
    } rows[] = {
        {Namespace{{"", "shop", {}, {"a.yaml", 1}}}, "Namespace shop"},
        {Node{{"", "n1", {}, {"a.yaml", 1}}, {}, {}}, "Node n1"},
        {Pod{.meta = {"shop", "p", {}, {"a.yaml", 1}}}, "Pod shop/p"},
        {Service{.meta = {"shop", "s", {}, {"a.yaml", 1}}}, "Service shop/s"},
        {EndpointSlice{.meta = {"shop", "s-1", {}, {"a.yaml", 1}}}, "EndpointSlice shop/s-1"},
        {NetworkPolicy{.meta = {"shop", "np", {}, {"a.yaml", 1}}}, "NetworkPolicy shop/np"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(to_string(ref_of(row.object)), row.ref);
        const Kind kind = ref_of(row.object).kind;
        EXPECT_EQ(parse_kind(kind_name(kind)).value(), kind);
        EXPECT_EQ(origin_of(row.object), (Origin{"a.yaml", 1}));
    }
    EXPECT_EQ(parse_kind("Deployment").error().what, "'Deployment' is not the name of a kind");
}

// These numbers stand in maps that outlive the agent: they must not change between versions.
TEST(Numbers, of_names_are_stable_and_differ) {
    const Name web{"default", "web"};
    EXPECT_EQ(rule_id(web, false, 0), rule_id(web, false, 0));
    EXPECT_NE(rule_id(web, false, 0), rule_id(web, true, 0));
    EXPECT_NE(rule_id(web, false, 0), rule_id(web, false, 1));
    EXPECT_NE(rule_id(web, false, 0), rule_id({"default", "web2"}, false, 0));
    EXPECT_NE(service_port_id(web, "http", Proto::tcp), service_port_id(web, "http", Proto::udp));
    EXPECT_NE(service_port_id(web, "http", Proto::tcp), service_port_id(web, "https", Proto::tcp));
    EXPECT_EQ(rule_id(web, false, 0).value, 4190215396U) << "FNV-1a of default/web/ingress/0";
    EXPECT_EQ(service_port_id(web, "http", Proto::tcp), 3186679515U) << "FNV-1a of default/web:http/TCP";
}

}  // namespace
}  // namespace beeline::model
