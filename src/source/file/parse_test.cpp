#include <algorithm>

#include "source/file/describe_test.h"
#include "source/file/tree.h"

namespace beeline::source::file {
namespace {

const std::string pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
const std::string pod2 = "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\n";

TEST(Documents, stand_alone) {
    const Row rows[] = {
        {"nothing", "", {}},
        {"only a comment", "# nothing\n", {}},
        {"only markers", "---\n---\n...\n---\n", {}},
        {"null documents", "---\nnull\n---\n~\n", {}},
        {"two", pod + "---\n" + pod2, {"Pod default/p", "Pod default/q"}},
        {"comments and empty ones between",
         "# a\n---\n# b\n---\n" + pod + "---\n\n---\n# c\n" + pod2 + "...\n",
         {"Pod default/p", "Pod default/q"}},
        {"directives", "%YAML 1.1\n---\n" + pod + "...\n%YAML 1.1\n---\n" + pod2, {"Pod default/p", "Pod default/q"}},
        {"a byte order mark", "\xEF\xBB\xBF" + pod, {"Pod default/p"}},
        {"lines of Windows",
         "apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: p}\r\n---\r\nkind: 3\r\napiVersion: v1\r\n",
         {"Pod default/p", "! f:5: kind: '3' is a number, not a string; quote it"}},
        {"a comment after the marker", "--- # first\n" + pod, {"Pod default/p"}},
        {"content after the marker", "--- {apiVersion: v1, kind: Pod, metadata: {name: p}}\n", {"Pod default/p"}},
        {"three dashes in a block are text",
         "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    a: |\n      ---\n      x\n---\n" + pod2,
         {"Pod default/p", "Pod default/q"}},
        {"four dashes are no marker", pod + "----: x\n", {"Pod default/p"}},
        {"a syntax error stays in its document",
         pod + "---\nkind: [a\n---\n" + pod2,
         {"Pod default/p", "Pod default/q", "! f:5: not valid YAML: did not find expected ',' or ']'"}},
        {"a tab",
         "---\napiVersion: v1\n\tkind: Pod\n---\n" + pod,
         {"Pod default/p", "! f:3: not valid YAML: found a tab character that violates indentation"}},
        {"bytes that are no UTF-8",
         pod + "---\na: b\nc: \xff\n---\n" + pod2,
         {"Pod default/p", "Pod default/q", "! f:6: not valid YAML: invalid leading UTF-8 octet"}},
        {"a quote that does not end",
         "a: \"b\n---\n" + pod,
         {"Pod default/p", "! f:1: not valid YAML: found unexpected end of stream"}},
        {"not an object", "- a\n---\n" + pod, {"Pod default/p", "! f:1: is a list, not an object"}},
        {"a word", "hello\n", {"! f:1: 'hello' is a string, not an object"}},
        {"neither version nor kind",
         "metadata: {name: p}",
         {"! f:1: apiVersion: is required", "! f:1: kind: is required"}},
        {"a key twice", "a: 1\nb:\n  c: 1\n  c: 2\n", {"! f:4: key 'c' is given twice in one map, first on line 3"}},
        {"a message is one line whatever the key",
         "\"a\\nb\": 1\n\"a\\nb\": 2\n",
         {"! f:2: key 'a?b' is given twice in one map, first on line 1"}},
        {"and a short one", "a: *" + std::string(5000, 'x'), {"! f:1: alias '" + std::string(193, 'x') + "..."}},
        {"a key that is a list", "? [a]\n: b\n", {"! f:1: a key is not a string"}},
        {"a tag", "a: !secret b\n", {"! f:1: tag '!secret' is not supported"}},
        {"tags of YAML itself",
         "apiVersion: !!str v1\nkind: !!str Pod\nmetadata: !!map {name: !!str 1}\n",
         {"Pod default/1"}},
    };
    expect_rows("", rows);
}

TEST(Documents, of_other_kinds_are_noted) {
    const Row rows[] = {
        {"deployment",
         "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p}\nspec: {replicas: 'x'}\n---\n" + pod,
         {"Pod default/p", "~ f:1 apps/v1 Deployment"}},
        {"a kind of the same name elsewhere",
         "apiVersion: serving.knative.dev/v1\nkind: Service\n",
         {"~ f:1 serving.knative.dev/v1 Service"}},
        {"the note is one short line",
         "apiVersion: \"a\\nb\"\nkind: " + std::string(5000, 'x'),
         {"~ f:1 a?b " + std::string(76, 'x') + "..."}},
        {"core kinds", "# a\napiVersion: v1\nkind: ConfigMap\n", {"~ f:2 v1 ConfigMap"}},
        {"a policy of an old group must not be left out",
         "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: np}\n",
         {"! f:1: apiVersion: 'extensions/v1beta1' is not the version of NetworkPolicy that is read: "
          "networking.k8s.io/v1"}},
        {"another version",
         "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1beta1\n",
         {"! f:2: apiVersion: 'discovery.k8s.io/v1beta1' is not the version of EndpointSlice that is read: "
          "discovery.k8s.io/v1"}},
        {"without a group",
         "apiVersion: v1\nkind: NetworkPolicy\n",
         {"! f:1: apiVersion: 'v1' is not the version of NetworkPolicy that is read: networking.k8s.io/v1"}},
    };
    expect_rows("", rows);
}

TEST(Documents, may_be_lists) {
    const Row rows[] = {
        {"of kinds",
         "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n- "
         "{apiVersion: apps/v1, kind: Deployment}\n",
         {"Pod default/p", "~ f:7 apps/v1 Deployment"}},
        {"empty", "apiVersion: v1\nkind: List\nitems: []\n", {}},
        {"null", "apiVersion: v1\nkind: List\nitems:\n", {}},
        {"typed, items without a kind",
         "apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: p}}]\n",
         {"Pod default/p"}},
        {"typed, items with it",
         "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: [{apiVersion: networking.k8s.io/v1, kind: "
         "NetworkPolicy, metadata: {name: np}}]\n",
         {"NetworkPolicy default/np pods={} IN"}},
        {"of other kinds",
         "apiVersion: apps/v1\nkind: DeploymentList\nitems: [{}]\n",
         {"~ f:1 apps/v1 DeploymentList"}},
        {"a list in a list",
         "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, "
         "metadata: "
         "{name: p}}]}]\n",
         {"Pod default/p"}},
        {"one bad item leaves the others",
         "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: P}\n- metadata: "
         "{name: q}\n- 7\n",
         {"Pod default/q", "! f:4: metadata.name: 'P' is not a DNS name (a-z, 0-9, '-' and '.', at most 253)",
          "! f:6: '7' is a number, not an object"}},
        {"items as a map", "apiVersion: v1\nkind: List\nitems: {a: b}\n", {"! f:3: items: is a map, not a list"}},
    };
    expect_rows("", rows);
}

TEST(Documents, may_be_json) {
    const Row rows[] = {
        {"an object", R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})", {"Pod default/p"}},
        {"indented by tabs",
         "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"p\"}\n}\n",
         {"Pod default/p"}},
        {"escapes",
         R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": {"a": "\/\u00e9"}}})",
         {"Pod default/p"}},
        {"a surrogate pair",
         R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p\ud83d\ude00"}})",
         {"! f:1: metadata.name: 'p\xF0\x9F\x98\x80' is not a DNS name (a-z, 0-9, '-' and '.', at most 253)"}},
        {"an escaped backslash before it",
         R"({"kind": "\\ud83d\ude00"})",
         {"! f:1: not valid YAML: found invalid Unicode character escape code"}},
        {"half a pair",
         R"({"kind": "\ud83d"})",
         {"! f:1: not valid YAML: found invalid Unicode character escape code"}},
        {"types as in JSON",
         R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"a": true}}})",
         {"! f:1: metadata.labels.a: 'true' is a boolean, not a string; quote it (Pod default/p)"}},
        {"cut off", "{\"apiVersion\": \"v1\",\n", {"! f:1: not valid YAML: did not find expected node content"}},
    };
    expect_rows("", rows);
}

TEST(Aliases, stand_for_what_they_name) {
    const std::string labels = "metadata: {name: p, labels: &l {a: b}}\nspec: {ports: [{port: 1}], selector: ";
    const Row rows[] = {
        {"a map", labels + "*l}", {"Service default/p labels=a=b [ TCP 1->1] selector=a=b"}},
        {"merged", labels + "{<<: *l, c: d}}", {"Service default/p labels=a=b [ TCP 1->1] selector=a=b,c=d"}},
        {"what is written wins over what is merged",
         labels + "{a: z, <<: *l}}",
         {"Service default/p labels=a=b [ TCP 1->1] selector=a=z"}},
        {"several merged",
         labels + "{<<: [{x: z}, *l]}}",
         {"Service default/p labels=a=b [ TCP 1->1] selector=a=b,x=z"}},
        {"merged word", labels + "{<<: b}}", {"! f:4: '<<' takes a map or a list of maps"}},
        {"unknown", labels + "*m}", {"! f:4: alias 'm' has no anchor before it"}},
        {"of itself", "a: &a [*a]", {"! f:3: alias 'a' has no anchor before it"}},
    };
    expect_rows("apiVersion: v1\nkind: Service\n", rows);
}

TEST(Bounds, are_errors_not_failures) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string before = "*a" + std::to_string(i - 1) + ", ", name = std::to_string(i);
        std::string list;
        for (int n = 0; n < 10; ++n)
            list += before;
        bomb += "a" + name + ": &a" + name + " [" + list + "]\n";
    }
    std::string chain = "a0: &a0 " + std::string(40, '[') + std::string(40, ']') + "\n";
    chain += "a1: " + std::string(30, '[') + "*a0" + std::string(30, ']') + "\n";
    const Row rows[] = {
        {"a bomb of aliases", bomb, {"! f:4: anchors and aliases hold more than 10000 values"}},
        {"depth by aliases", chain, {"! f:2: nested deeper than 64 levels"}},
        {"depth", "\n" + std::string(100'000, '['), {"! f:2: nested deeper than 64 levels"}},
        {"depth that is allowed", std::string(63, '[') + std::string(63, ']'), {"! f:1: is a list, not an object"}},
    };
    expect_rows("", rows);
    const auto parsed = parse_manifests(std::string(max_file_bytes + 1, '#'), "f");
    EXPECT_EQ(describe(parsed), std::vector<std::string>{"! f: is longer than 33554432 bytes"});
}

TEST(Bounds, hold_for_the_number_of_values) {
    const Bounds bounds{.values = 4};
    EXPECT_TRUE(parse_tree({"[a, b, c]", 1}, bounds));
    const auto beyond = parse_tree({"[a, b,\n c, d]", 7}, bounds);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().line, 8);
    EXPECT_EQ(beyond.error().reason, "holds more than 4 values");
}

TEST(Bounds, cut_the_list_of_problems) {
    std::string text = "apiVersion: v1\nkind: PodList\nitems:\n";
    for (int i = 0; i < 1500; ++i)
        text += "- a\n";
    const auto problems = parse_manifests(text, "f").problems;
    ASSERT_EQ(problems.size(), max_file_problems + 1);
    EXPECT_EQ(to_string(problems.back()), "f: has 500 more problems");
}

TEST(Duplicates, name_both_lines) {
    const std::string ref = "! f:5: metadata.name: 'p' is defined already, on line 1 (Pod default/p)";
    const Row rows[] = {
        {"the second is refused", pod + "---\n" + pod, {"Pod default/p", ref}},
        {"also if the first is wrong",
         "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: 1}}\n---\n" + pod,
         {"! f:3: metadata.labels.a: '1' is a number, not a string; quote it (Pod default/p)", ref}},
        {"other namespaces are other objects",
         pod + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\n",
         {"Pod default/p", "Pod a/p"}},
        {"other kinds too",
         pod + "---\napiVersion: v1\nkind: Node\nmetadata: {name: p}\n",
         {"Pod default/p", "Node p"}},
    };
    expect_rows("", rows);
}

// What is kept of a file must bring the same objects again when the file itself cannot.
TEST(Documents, that_brought_objects_bring_them_again_alone) {
    const std::string text =
        "# head\n%YAML 1.1\n---\n# of p\n" + pod +
        "---\nkind: [\n---\napiVersion: apps/v1\nkind: Deployment\n---\n"
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- metadata: {name: B}\n- metadata: {name: p}\n";
    const ParsedFile parsed = parse_manifests(text, "f");
    ASSERT_EQ(parsed.documents.size(), 2U) << "the broken one and the other kind brought nothing";
    const model::Ref p{model::Kind::pod, "default", "p"}, a{model::Kind::pod, "default", "a"};
    EXPECT_EQ(parsed.documents[0].objects, std::set{p});
    EXPECT_EQ(parsed.documents[1].objects, std::set{a}) << "a list without its bad items";
    EXPECT_TRUE(parsed.documents[1].text.starts_with("---\napiVersion: v1\nkind: PodList\n"));
    for (std::size_t i = 0; i < 2; ++i) {
        const auto again = parse_document(parsed.documents[i], "f").objects;
        EXPECT_NE(std::ranges::find(again, parsed.objects[i]), again.end()) << i << ": the same, from the same line";
    }
}

TEST(Problems, of_what_has_no_name_tell_the_kind_if_they_can) {
    using model::Kind;
    const struct {
        const char* in;
        std::optional<Kind> kind;
    } rows[] = {
        {"apiVersion: v1\nkind: Pod\nmetadata: {name: UPPER}\n", Kind::pod},
        {"apiVersion: v1\nkind: Service\n", Kind::service},
        {"apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: np}\n", Kind::network_policy},
        {"kind: Service\nmetadata: {name: a}\n", Kind::service},
        {"apiVersion: v1\nkind: PodList\nitems: [7]\n", Kind::pod},
        {"apiVersion: v1\nkind: PodList\nitems: 7\n", Kind::pod},
        {"apiVersion: v1\nkind: List\nitems: [7]\n", {}},
        {"apiVersion: v1\nmetadata: {name: a}\n", {}},
        {"apiVersion: v1\nkind: [Service]\n", {}},
        {"apiVersion: v1\nkind: Service\n  metadata: {}\n", {}},
        {"- a\n", {}},
    };
    for (const auto& row : rows) {
        const auto problems = parse_manifests(row.in, "f").problems;
        ASSERT_FALSE(problems.empty()) << row.in;
        for (const auto& problem : problems) {
            EXPECT_EQ(problem.kind, row.kind) << row.in;
            EXPECT_FALSE(problem.object) << row.in;
        }
    }
}

TEST(Objects, know_the_line_of_their_first_key) {
    const auto parsed = parse_manifests("# a\n---\n# b\n" + pod +
                                            "---\n\n{apiVersion: v1, kind: List, items: [\n"
                                            "{apiVersion: v1, kind: Pod, metadata: {name: q}}]}\n",
                                        "web.yaml");
    ASSERT_EQ(parsed.objects.size(), 2U);
    EXPECT_EQ(origin_of(parsed.objects[0]), (model::Origin{"web.yaml", 4}));
    EXPECT_EQ(origin_of(parsed.objects[1]), (model::Origin{"web.yaml", 10}));
}

}  // namespace
}  // namespace beeline::source::file
