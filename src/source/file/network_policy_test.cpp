#include "source/file/describe_test.h"

namespace beeline::source::file {
namespace {

const std::string head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\n";

TEST(NetworkPolicy, directions) {
    const Row rows[] = {
        {"no spec isolates all pods", "", {"NetworkPolicy default/np pods={} IN"}},
        {"deny all", "spec: {podSelector: {}}", {"NetworkPolicy default/np pods={} IN"}},
        {"deny all, stated",
         "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}",
         {"NetworkPolicy default/np pods={} IN OUT"}},
        {"deny all, empty list", "spec: {ingress: []}", {"NetworkPolicy default/np pods={} IN"}},
        {"allow all", "spec: {ingress: [{}]}", {"NetworkPolicy default/np pods={} IN [anybody everything]"}},
        {"empty from allows all",
         "spec: {ingress: [{from: [], ports: []}]}",
         {"NetworkPolicy default/np pods={} IN [anybody everything]"}},
        {"null from allows all",
         "spec: {ingress: [{from: null, ports: [{port: 80}]}]}",
         {"NetworkPolicy default/np pods={} IN [anybody TCP/80]"}},
        {"egress rules imply egress",
         "spec: {egress: [{}]}",
         {"NetworkPolicy default/np pods={} IN OUT [anybody everything]"}},
        {"no egress rules imply nothing", "spec: {egress: []}", {"NetworkPolicy default/np pods={} IN"}},
        {"empty policyTypes is none",
         "spec: {policyTypes: [], egress: [{}]}",
         {"NetworkPolicy default/np pods={} IN OUT [anybody everything]"}},
        {"egress only",
         "spec: {policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}",
         {"NetworkPolicy default/np pods={} OUT [(pods{}) everything]"}},
        {"rules of a direction not listed allow nothing",
         "spec: {policyTypes: [Egress], ingress: [{}]}",
         {"NetworkPolicy default/np pods={} OUT"}},
        {"they are checked all the same",
         "spec: {policyTypes: [Egress], ingress: [{ports: [{port: 0}]}]}",
         {"! f:4: spec.ingress[0].ports[0].port: '0' is outside 1-65535 (NetworkPolicy default/np)"}},
        {"an unknown type",
         "spec: {policyTypes: [ingress]}",
         {"! f:4: spec.policyTypes[0]: 'ingress' is not one of Ingress, Egress (NetworkPolicy default/np)"}},
        {"an empty rule is not null",
         "spec:\n  ingress:\n  -",
         {"! f:6: spec.ingress[0]: is null, not a map (NetworkPolicy default/np)"}},
        {"a rule that is a list",
         "spec:\n  ingress:\n  - - {}",
         {"! f:6: spec.ingress[0]: is a list, not a map (NetworkPolicy default/np)"}},
    };
    expect_rows(head, rows);
}

TEST(NetworkPolicy, selectors) {
    const Row rows[] = {
        {"labels", "podSelector: {matchLabels: {a: b, c: d}}", {"NetworkPolicy default/np pods={a=b,c=d} IN"}},
        {"expressions",
         "podSelector: {matchExpressions: [{key: a, operator: In, values: [x, z]}, {key: b, operator: NotIn, values: "
         "['']}, {key: c, operator: Exists}, {key: d, operator: DoesNotExist, values: []}]}",
         {"NetworkPolicy default/np pods={;a in(x,z);b notin();c exists();d missing()} IN"}},
        {"In without values",
         "podSelector: {matchExpressions: [{key: a, operator: In}]}",
         {"! f:5: spec.podSelector.matchExpressions[0].values: is required by In and NotIn (NetworkPolicy "
          "default/np)"}},
        {"NotIn with no values",
         "podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}",
         {"! f:5: spec.podSelector.matchExpressions[0].values: is required by In and NotIn (NetworkPolicy "
          "default/np)"}},
        {"Exists with values",
         "podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
         {"! f:5: spec.podSelector.matchExpressions[0].values: is not allowed with Exists and DoesNotExist "
          "(NetworkPolicy default/np)"}},
        {"an unknown operator",
         "podSelector: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}",
         {"! f:5: spec.podSelector.matchExpressions[0].operator: 'Gt' is not one of In, NotIn, Exists, DoesNotExist "
          "(NetworkPolicy default/np)"}},
        {"no key, no operator",
         "podSelector: {matchExpressions: [{values: [a]}]}",
         {"! f:5: spec.podSelector.matchExpressions[0].key: is required (NetworkPolicy default/np)",
          "! f:5: spec.podSelector.matchExpressions[0].operator: is required (NetworkPolicy default/np)"}},
        {"a number among values",
         "podSelector: {matchExpressions: [{key: a, operator: In, values: [1]}]}",
         {"! f:5: spec.podSelector.matchExpressions[0].values[0]: '1' is a number, not a string; quote it "
          "(NetworkPolicy default/np)"}},
        {"a misspelt selector would select everything",
         "podSelector: {matchLabel: {a: b}}",
         {"! f:5: spec.podSelector.matchLabel: is an unknown field (NetworkPolicy default/np)"}},
        {"a list for a selector",
         "podSelector: []",
         {"! f:5: spec.podSelector: is a list, not a map (NetworkPolicy default/np)"}},
    };
    expect_rows(head + "spec:\n  ", rows);
}

TEST(NetworkPolicy, peers) {
    const std::string np = "NetworkPolicy default/np pods={} IN ", f = "! f:6: spec.ingress[0].from",
                      at = " (NetworkPolicy default/np)";
    const Row rows[] = {
        {"pods here", "[{podSelector: {matchLabels: {a: b}}}]", {np + "[(pods{a=b}) everything]"}},
        {"all pods here", "[{podSelector: {}}]", {np + "[(pods{}) everything]"}},
        {"all pods of namespaces", "[{namespaceSelector: {matchLabels: {a: b}}}]", {np + "[(ns{a=b}) everything]"}},
        {"one entry is and",
         "[{podSelector: {matchLabels: {a: b}}, namespaceSelector: {}}]",
         {np + "[(pods{a=b}ns{}) everything]"}},
        {"two entries are or", "[{podSelector: {}}, {namespaceSelector: {}}]", {np + "[(pods{}) (ns{}) everything]"}},
        {"null is absent", "[{podSelector: null, namespaceSelector: {}}]", {np + "[(ns{}) everything]"}},
        {"nothing selected", "[{}]", {f + "[0]: needs a podSelector, namespaceSelector or ipBlock" + at}},
        {"both null", "[{podSelector: null}]", {f + "[0]: needs a podSelector, namespaceSelector or ipBlock" + at}},
        {"null", "[null]", {f + "[0]: 'null' is null, not a map" + at}},
        {"a map for a list", "{podSelector: {}}", {f + ": is a map, not a list" + at}},
        {"a misspelt peer",
         "[{podSelector: {}, namespaceselector: {}}]",
         {f + "[0].namespaceselector: is an unknown field" + at}},
        {"beside a selector",
         "[{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]",
         {f + "[0].ipBlock: does not stand beside a selector" + at}},
        {"only addresses allow nothing",
         "[{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]",
         {np +
          "[nothing] | spec.ingress[0].from[0].ipBlock: address ranges are not enforced by this version; the entry "
          "allows nothing"}},
        {"others of the rule still count",
         "[{ipBlock: {cidr: 0.0.0.0/0}}, {podSelector: {}}]",
         {np + "[(pods{}) everything] | spec.ingress[0].from[0].ipBlock: address ranges are not enforced by this "
               "version; the entry allows nothing"}},
        {"host bits are allowed in a block",
         "[{podSelector: {}}, {ipBlock: {cidr: 10.1.2.3/8, except: ['10.9.9.9/16']}}]",
         {np + "[(pods{}) everything] | spec.ingress[0].from[1].ipBlock: address ranges are not enforced by this "
               "version; the entry allows nothing"}},
        {"a block without cidr", "[{ipBlock: {}}]", {f + "[0].ipBlock.cidr: is required" + at}},
        {"not a prefix",
         "[{ipBlock: {cidr: 10.0.0.0}}]",
         {f + "[0].ipBlock.cidr: '10.0.0.0' is not a prefix (address/length)" + at}},
        {"too long a prefix",
         "[{ipBlock: {cidr: 'fd00::/129'}}]",
         {f + "[0].ipBlock.cidr: 'fd00::/129' is not a prefix (address/length)" + at}},
        {"except outside",
         "[{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]",
         {f + "[0].ipBlock.except[0]: '11.0.0.0/16' is not inside cidr" + at}},
        {"except all of it",
         "[{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]",
         {f + "[0].ipBlock.except[0]: '10.0.0.0/8' is not inside cidr" + at}},
        {"except of the other family",
         "[{ipBlock: {cidr: '::/0', except: [10.0.0.0/8]}}]",
         {f + "[0].ipBlock.except[0]: '10.0.0.0/8' is not inside cidr" + at}},
    };
    expect_rows(head + "spec:\n  ingress:\n  - from: ", rows);
    const Row misspelt[] = {{"a misspelt from would allow everybody",
                             "spec: {ingress: [{form: [{podSelector: {}}]}]}",
                             {"! f:4: spec.ingress[0].form: is an unknown field (NetworkPolicy default/np)"}},
                            {"from is not for egress",
                             "spec: {egress: [{from: [{podSelector: {}}]}]}",
                             {"! f:4: spec.egress[0].from: is an unknown field (NetworkPolicy default/np)"}},
                            {"nor a misspelt rule list",
                             "spec: {ingres: []}",
                             {"! f:4: spec.ingres: is an unknown field (NetworkPolicy default/np)"}}};
    expect_rows(head, misspelt);
}

TEST(NetworkPolicy, ports) {
    const std::string np = "NetworkPolicy default/np pods={} IN ", f = "! f:6: spec.ingress[0].ports[0]",
                      at = " (NetworkPolicy default/np)";
    const Row rows[] = {
        {"a port", "[{port: 80}]", {np + "[anybody TCP/80]"}},
        {"several", "[{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]", {np + "[anybody UDP/53 TCP/53]"}},
        {"all of a protocol", "[{protocol: SCTP}]", {np + "[anybody SCTP/0]"}},
        {"an empty entry is all TCP", "[{}]", {np + "[anybody TCP/0]"}},
        {"a range of one", "[{port: 80, endPort: 80}]", {np + "[anybody TCP/80]"}},
        {"a name allows nothing",
         "[{port: http}]",
         {np + "[nothing] | spec.ingress[0].ports[0].port: ports by name are not enforced by this version; the entry "
               "allows nothing"}},
        {"a range allows nothing",
         "[{port: 80, endPort: 90}]",
         {np + "[nothing] | spec.ingress[0].ports[0].endPort: port ranges are not enforced by this version; the entry "
               "allows nothing"}},
        {"others of the rule still count",
         "[{port: http}, {port: 80}]",
         {np + "[anybody TCP/80] | spec.ingress[0].ports[0].port: ports by name are not enforced by this version; the "
               "entry allows nothing"}},
        {"zero", "[{port: 0}]", {f + ".port: '0' is outside 1-65535" + at}},
        {"a number in quotes is no name",
         "[{port: '80'}]",
         {f + ".port: '80' is not a port name (a-z, 0-9 and '-', a letter among them, at most 15)" + at}},
        {"protocol", "[{protocol: ICMP}]", {f + ".protocol: 'ICMP' is not one of TCP, UDP, SCTP" + at}},
        {"a range that ends before it begins", "[{port: 90, endPort: 80}]", {f + ".endPort: '80' is below port" + at}},
        {"a range without a begin", "[{endPort: 80}]", {f + ".endPort: '80' needs a port" + at}},
        {"a range from a name", "[{port: http, endPort: 80}]", {f + ".endPort: '80' needs a port by number" + at}},
        {"an unknown field", "[{prt: 80}]", {f + ".prt: '80' is an unknown field" + at}},
    };
    expect_rows(head + "spec:\n  ingress:\n  - ports: ", rows);
    const Row both[] = {
        {"peers that count, ports that do not: nothing",
         "spec: {ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}, {from: [{podSelector: {}}]}]}",
         {np + "[nothing] [(pods{}) everything] | spec.ingress[0].ports[0].port: ports by name are not enforced by "
               "this version; the entry allows nothing"}},
        {"limits of a direction not listed are not told",
         "spec: {policyTypes: [Ingress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}",
         {"NetworkPolicy default/np pods={} IN"}},
        {"limits of egress",
         "spec: {policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}",
         {"NetworkPolicy default/np pods={} OUT [nothing] | spec.egress[0].to[0].ipBlock: address ranges are not "
          "enforced by this version; the entry allows nothing"}}};
    expect_rows(head, both);
}

}  // namespace
}  // namespace beeline::source::file
