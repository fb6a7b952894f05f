#include "source/file/describe_test.h"

namespace beeline::source::file {
namespace {

TEST(Pod, all_that_is_read) {
    const Row rows[] = {
        {"only a name", "metadata: {name: p}", {"Pod default/p"}},
        {"as a cluster shows it",
         "metadata: {name: p, namespace: shop, uid: x, labels: {app: web}, annotations: {a: b}}\n"
         "spec: {nodeName: n1.example.com, containers: [{name: c, image: i, ports: [{containerPort: 80, name: http},"
         " {containerPort: 53, protocol: UDP}]}]}\n"
         "status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}],"
         " conditions: [{type: Initialized, status: 'False'}, {type: Ready, status: 'True'}]}",
         {"Pod shop/p labels=app=web node=n1.example.com ips=10.0.0.1,fd00::1 [http TCP 80] [ UDP 53] ready"}},
        {"sidecars have ports too",
         "metadata: {name: p}\nspec: {initContainers: [{ports: [{containerPort: 1}]}]}",
         {"Pod default/p [ TCP 1]"}},
        {"the single address", "metadata: {name: p}\nstatus: {podIP: 10.0.0.1}", {"Pod default/p ips=10.0.0.1"}},
        {"no address yet", "metadata: {name: p}\nstatus: {podIPs: null}", {"Pod default/p"}},
        {"host network", "metadata: {name: p}\nspec: {hostNetwork: true}", {"Pod default/p host"}},
        {"unready",
         "metadata: {name: p}\nstatus: {conditions: [{type: Ready, status: 'False'}]}",
         {"Pod default/p unready"}},
        {"unknown is unready",
         "metadata: {name: p}\nstatus: {conditions: [{type: Ready, status: Unknown}]}",
         {"Pod default/p unready"}},
        {"being deleted",
         "metadata: {name: p, deletionTimestamp: 2024-01-01T00:00:00Z}",
         {"Pod default/p terminating"}},
        {"finished", "metadata: {name: p}\nstatus: {phase: Succeeded}", {"Pod default/p finished"}},
        {"failed", "metadata: {name: p}\nstatus: {phase: Failed}", {"Pod default/p finished"}},
        {"port name too long",
         "metadata: {name: p}\nspec: {containers: [{ports: [{containerPort: 1, name: "
         "sixteen-letters-}]}]}",
         {"! f:4: spec.containers[0].ports[0].name: 'sixteen-letters-' is not a port name (a-z, 0-9 and '-', a letter "
          "among them, at most 15) (Pod default/p)"}},
        {"port without a number",
         "metadata: {name: p}\nspec: {containers: [{ports: [{name: a}]}]}",
         {"! f:4: spec.containers[0].ports[0].containerPort: is required (Pod default/p)"}},
        {"address is none",
         "metadata: {name: p}\nstatus: {podIP: 10.0.0}",
         {"! f:4: status.podIP: '10.0.0' is not an IP address (Pod default/p)"}},
        {"address is multicast",
         "metadata: {name: p}\nstatus: {podIPs: [{ip: 'ff02::1'}]}",
         {"! f:4: status.podIPs[0].ip: 'ff02::1' is an unspecified, loopback, link-local or multicast address (Pod "
          "default/p)"}},
        {"hostNetwork as a word",
         "metadata: {name: p}\nspec: {hostNetwork: maybe}",
         {"! f:4: spec.hostNetwork: 'maybe' is not a boolean (Pod default/p)"}},
        {"node name",
         "metadata: {name: p}\nspec: {nodeName: N_1}",
         {"! f:4: spec.nodeName: 'N_1' is not a DNS name (a-z, 0-9, '-' and '.', at most 253) (Pod default/p)"}},
        {"status is a list",
         "metadata: {name: p}\nstatus: []",
         {"! f:4: status: is a list, not a map (Pod default/p)"}},
    };
    expect_rows("apiVersion: v1\nkind: Pod\n", rows);
}

TEST(Pod, host_ports) {
    const std::string head = "metadata: {name: p}\nspec: {containers: [{ports: [";
    const std::string host = "metadata: {name: p}\nspec: {hostNetwork: true, containers: [{ports: [";
    const std::string init = "metadata: {name: p}\nspec: {initContainers: [{";
    const Row rows[] = {
        {"every address", head + "{containerPort: 80, hostPort: 8080}]}]}", {"Pod default/p [ TCP 80 at 8080]"}},
        {"one address",
         head + "{containerPort: 53, protocol: UDP, hostPort: 53, hostIP: 192.0.2.1}]}]}",
         {"Pod default/p [ UDP 53 at 192.0.2.1 53]"}},
        {"the loopback address",
         head + "{containerPort: 80, hostPort: 80, hostIP: '::1'}]}]}",
         {"Pod default/p [ TCP 80 at ::1 80]"}},
        {"all addresses, in three spellings",
         head + "{containerPort: 1, hostPort: 1, hostIP: 0.0.0.0}, {containerPort: 2, hostPort: 2, hostIP: '::'}, "
                "{containerPort: 3, hostPort: 3, hostIP: ''}]}]}",
         {"Pod default/p [ TCP 1 at 1] [ TCP 2 at 2] [ TCP 3 at 3]"}},
        {"0 is none", head + "{containerPort: 80, hostPort: 0}]}]}", {"Pod default/p [ TCP 80]"}},
        {"an address alone says nothing",
         head + "{containerPort: 80, hostIP: 192.0.2.1}]}]}",
         {"Pod default/p [ TCP 80]"}},
        {"one number for two protocols and two addresses",
         head + "{containerPort: 1, hostPort: 9}, {containerPort: 1, hostPort: 9, protocol: UDP}, {containerPort: 1, "
                "hostPort: 9, hostIP: 192.0.2.1}]}]}",
         {"Pod default/p [ TCP 1 at 9] [ UDP 1 at 9] [ TCP 1 at 192.0.2.1 9]"}},
        {"in the host's network", host + "{containerPort: 80, hostPort: 80}]}]}", {"Pod default/p host [ TCP 80]"}},
        {"a sidecar's",
         init + "restartPolicy: Always, ports: [{containerPort: 80, hostPort: 80}]}]}",
         {"Pod default/p [ TCP 80 at 80]"}},
        {"of an init container that ends",
         init + "ports: [{containerPort: 80, hostPort: 80}]}], containers: [{ports: [{containerPort: 81, hostPort: "
                "80}]}]}",
         {"Pod default/p [ TCP 80] [ TCP 81 at 80]"}},
        {"one number twice",
         head + "{containerPort: 1, hostPort: 9}]}, {ports: [{containerPort: 2, hostPort: 9}]}]}",
         {"! f:4: spec.containers[1].ports[0].hostPort: '9' is given twice for TCP (Pod default/p)"}},
        {"another number in the host's network",
         host + "{containerPort: 80, hostPort: 8080}]}]}",
         {"! f:4: spec.containers[0].ports[0].hostPort: '8080' differs from containerPort, which hostNetwork does not "
          "allow (Pod default/p)"}},
        {"no port",
         head + "{containerPort: 80, hostPort: 65536}]}]}",
         {"! f:4: spec.containers[0].ports[0].hostPort: '65536' is outside 1-65535 (Pod default/p)"}},
        {"a name",
         head + "{containerPort: 80, hostPort: http}]}]}",
         {"! f:4: spec.containers[0].ports[0].hostPort: 'http' is not a number (Pod default/p)"}},
        {"no address",
         head + "{containerPort: 80, hostPort: 80, hostIP: localhost}]}]}",
         {"! f:4: spec.containers[0].ports[0].hostIP: 'localhost' is not an IP address (Pod default/p)"}},
    };
    expect_rows("apiVersion: v1\nkind: Pod\n", rows);
}

TEST(Node, all_that_is_read) {
    const Row rows[] = {
        {"addresses and prefixes",
         "metadata: {name: n.a}\nspec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24, 'fd00:1::/64']}\nstatus: "
         "{addresses: [{type: Hostname, address: n}, {type: InternalIP, address: 10.0.0.1}, {type: ExternalIP, "
         "address: 'fd00::1'}]}",
         {"Node n.a addresses=10.0.0.1,fd00::1 cidrs=10.1.0.0/24,fd00:1::/64"}},
        {"the single prefix", "metadata: {name: n1}\nspec: {podCIDR: 10.1.0.0/24}", {"Node n1 cidrs=10.1.0.0/24"}},
        {"host bits",
         "metadata: {name: n1}\nspec: {podCIDR: 10.1.0.9/24}",
         {"! f:4: spec.podCIDR: '10.1.0.9/24' has host bits set; the prefix is 10.1.0.0/24 (Node n1)"}},
        {"length",
         "metadata: {name: n1}\nspec: {podCIDRs: [10.1.0.0/33]}",
         {"! f:4: spec.podCIDRs[0]: '10.1.0.0/33' is not a prefix: bad length (Node n1)"}},
        {"an address without one",
         "metadata: {name: n1}\nstatus: {addresses: [{type: InternalIP}]}",
         {"! f:4: status.addresses[0].address: is required (Node n1)"}},
        {"in a namespace",
         "metadata: {name: n1, namespace: a}",
         {"! f:3: metadata.namespace: 'a' is not allowed: the kind belongs to no namespace (Node n1)"}},
    };
    expect_rows("apiVersion: v1\nkind: Node\n", rows);
}

TEST(Namespace, carries_its_name_as_a_label) {
    const Row rows[] = {
        {"added", "{name: a}", {"Namespace a labels=kubernetes.io/metadata.name=a"}},
        {"beside others", "{name: a, labels: {team: x}}", {"Namespace a labels=kubernetes.io/metadata.name=a,team=x"}},
        {"never another",
         "{name: a, labels: {kubernetes.io/metadata.name: b}}",
         {"Namespace a labels=kubernetes.io/metadata.name=a"}},
        {"with a dot",
         "{name: a.b}",
         {"! f:3: metadata.name: 'a.b' is not a DNS label (a-z, 0-9 and '-', at most 63)"}},
    };
    expect_rows("apiVersion: v1\nkind: Namespace\nmetadata: ", rows);
}

TEST(Metadata, names_and_labels) {
    const std::string long_label(64, 'a'), fits(63, 'a'), long_name(254, 'a');
    const Row rows[] = {
        {"namespace", "{name: p, namespace: a}", {"Pod a/p"}},
        {"empty namespace", "{name: p, namespace: ''}", {"Pod default/p"}},
        {"null namespace", "{name: p, namespace: }", {"Pod default/p"}},
        {"dots in a name", "{name: p.q}", {"Pod default/p.q"}},
        {"labels", "{name: p, labels: {a/b: c, d: '', e_F.1: '1'}}", {"Pod default/p labels=a/b=c,d=,e_F.1=1"}},
        {"longest value", "{name: p, labels: {a: " + fits + "}}", {"Pod default/p labels=a=" + fits}},
        {"no metadata", "", {"! f:3: metadata.name: is required"}},
        {"no name", "{labels: {a: b}}", {"! f:3: metadata.name: is required"}},
        {"a name to be generated", "{generateName: p-}", {"! f:3: metadata.name: is required"}},
        {"empty name", "{name: ''}", {"! f:3: metadata.name: is not a DNS name (a-z, 0-9, '-' and '.', at most 253)"}},
        {"capitals",
         "{name: Web}",
         {"! f:3: metadata.name: 'Web' is not a DNS name (a-z, 0-9, '-' and '.', at most 253)"}},
        {"number", "{name: 1}", {"! f:3: metadata.name: '1' is a number, not a string; quote it"}},
        {"long",
         "{name: " + long_name + "}",
         {"! f:3: metadata.name: '" + std::string(80, 'a') +
          "...' is not a DNS name (a-z, 0-9, '-' and '.', at most 253)"}},
        {"namespace with a dot",
         "{name: p, namespace: a.b}",
         {"! f:3: metadata.namespace: 'a.b' is not a DNS label (a-z, 0-9 and '-', at most 63)"}},
        {"namespace as a number, told once",
         "{name: p, namespace: 5}",
         {"! f:3: metadata.namespace: '5' is a number, not a string; quote it"}},
        {"labels as a list",
         "{name: p, labels: [a]}",
         {"! f:3: metadata.labels: is a list, not a map (Pod default/p)"}},
        {"label null", "{name: p, labels: {a: }}", {"! f:3: metadata.labels.a: is null, not a string (Pod default/p)"}},
        {"label boolean",
         "{name: p, labels: {a: yes}}",
         {"! f:3: metadata.labels.a: 'yes' is a boolean, not a string; quote it (Pod default/p)"}},
        {"label version",
         "{name: p, labels: {a: 1.20}}",
         {"! f:3: metadata.labels.a: '1.20' is a number, not a string; quote it (Pod default/p)"}},
        {"label too long",
         "{name: p, labels: {a: " + long_label + "}}",
         {"! f:3: metadata.labels.a: '" + long_label +
          "' is not a label value (letters, digits, '-', '_' and '.', at most 63) (Pod default/p)"}},
        {"label with a space",
         "{name: p, labels: {a: b c}}",
         {"! f:3: metadata.labels.a: 'b c' is not a label value (letters, digits, '-', '_' and '.', at most 63) (Pod "
          "default/p)"}},
        {"label key",
         "{name: p, labels: {-a: b}}",
         {"! f:3: metadata.labels.-a: '-a' is not a label key ([DNS name/]name of at most 63) (Pod default/p)"}},
        {"label key's prefix",
         "{name: p, labels: {A.b/c: d}}",
         {"! f:3: metadata.labels.A.b/c: 'A.b/c' is not a label key ([DNS name/]name of at most 63) (Pod default/p)"}},
        {"control characters do not reach a log",
         "{name: p, labels: {a: \"b\\nc\\e\"}}",
         {"! f:3: metadata.labels.a: 'b?c?' is not a label value (letters, digits, '-', '_' and '.', at most 63) (Pod "
          "default/p)"}},
    };
    expect_rows("apiVersion: v1\nkind: Pod\nmetadata: ", rows);
}

}  // namespace
}  // namespace beeline::source::file
