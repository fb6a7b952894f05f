#include "source/file/describe_test.h"

namespace beeline::source::file {
namespace {

const std::string container = "metadata: {name: p}\nspec: {containers: [{ports: [{containerPort: 8080, name: web}], ";
const std::string probe = container + "readinessProbe: {";
const std::string tcp = probe + "tcpSocket: {port: 80}, ";
const std::string http = probe + "httpGet: {port: 80, ";

TEST(Probe, all_that_is_read) {
    const std::string pod = "Pod default/p [web TCP 8080]";
    const Row rows[] = {
        {"TCP, as it is by default", probe + "tcpSocket: {port: 80}}}]}", {pod + " <tcp :80>"}},
        {"HTTP, as it is by default", probe + "httpGet: {port: 80}}}]}", {pod + " <http :80/>"}},
        {"a port by its name", probe + "tcpSocket: {port: web}}}]}", {pod + " <tcp :8080>"}},
        {"all numbers",
         tcp + "initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, successThreshold: 4, failureThreshold: "
               "5}}]}",
         {pod + " <tcp :80 after=1 every=2 for=3 up=4 down=5>"}},
        {"0 is the default",
         tcp + "periodSeconds: 0, timeoutSeconds: 0, successThreshold: 0, failureThreshold: 0}}]}",
         {pod + " <tcp :80>"}},
        {"another host", probe + "tcpSocket: {port: 80, host: 192.0.2.1}}}]}", {pod + " <tcp 192.0.2.1:80>"}},
        {"path, host and headers",
         http + "path: /up?a=b, host: 192.0.2.1, httpHeaders: [{name: Host, value: a.b}, {name: X-A, value: ''}]}}}]}",
         {pod + " <http 192.0.2.1:80/up?a=b Host=a.b X-A=>"}},
        {"HTTPS", http + "scheme: HTTPS}}}]}", {pod + " <https :80/>"}},
        {"no scheme and no path", http + "scheme: '', path: ''}}}]}", {pod + " <http :80/>"}},
        {"a path that is not absolute", http + "path: 'a b#c'}}}]}", {pod + " <http :80/a%20b>"}},
        {"exec", probe + "exec: {command: [true]}}}]}", {pod}},
        {"grpc", probe + "grpc: {port: 80}}}]}", {pod}},
        {"other probes", container + "livenessProbe: {tcpSocket: {port: 80}}}]}", {pod}},
        {"two containers and a sidecar",
         "metadata: {name: p}\nspec: {containers: [{readinessProbe: {tcpSocket: {port: 1}}}, {readinessProbe: "
         "{tcpSocket: {port: 2}}}], initContainers: [{restartPolicy: Always, readinessProbe: {tcpSocket: {port: "
         "3}}}]}",
         {"Pod default/p <tcp :3> <tcp :1> <tcp :2>"}},
    };
    expect_rows("apiVersion: v1\nkind: Pod\n", rows);
}

TEST(Probe, what_the_API_server_refuses) {
    const std::string at = "! f:4: spec.containers[0].readinessProbe";
    const std::string none = " (Pod default/p)";
    const Row rows[] = {
        {"no handler", probe + "periodSeconds: 1}}]}", {at + ": has none of exec, grpc, httpGet and tcpSocket" + none}},
        {"two handlers",
         tcp + "httpGet: {port: 80}}}]}",
         {at + ".tcpSocket: stands beside httpGet; a probe has one of exec, grpc, httpGet and tcpSocket" + none}},
        {"a handler beside one that is not asked",
         tcp + "exec: {command: [true]}}}]}",
         {at + ".tcpSocket: stands beside exec; a probe has one of exec, grpc, httpGet and tcpSocket" + none}},
        {"no map", container + "readinessProbe: yes}]}", {at + ": 'yes' is a boolean, not a map" + none}},
        {"handler no map", probe + "httpGet: 80}}]}", {at + ".httpGet: '80' is a number, not a map" + none}},
        {"negative period",
         tcp + "periodSeconds: -1}}]}",
         {at + ".periodSeconds: '-1' is outside 0-2147483647" + none}},
        {"negative thresholds",
         tcp + "successThreshold: -1, failureThreshold: -2}}]}",
         {at + ".failureThreshold: '-2' is outside 0-2147483647" + none,
          at + ".successThreshold: '-1' is outside 0-2147483647" + none}},
        {"a delay in words",
         tcp + "initialDelaySeconds: soon}}]}",
         {at + ".initialDelaySeconds: 'soon' is not a number" + none}},
        {"half a second",
         tcp + "timeoutSeconds: 0.5}}]}",
         {at + ".timeoutSeconds: '0.5' is not a whole number" + none}},
        {"what only livenessProbe has",
         tcp + "terminationGracePeriodSeconds: 5}}]}",
         {at + ".terminationGracePeriodSeconds: '5' is not allowed: readiness ends no container" + none}},
        {"no port", probe + "tcpSocket: {}}}]}", {at + ".tcpSocket.port: is required" + none}},
        {"port 0", probe + "tcpSocket: {port: 0}}}]}", {at + ".tcpSocket.port: '0' is outside 1-65535" + none}},
        {"port too large",
         probe + "httpGet: {port: 65536}}}]}",
         {at + ".httpGet.port: '65536' is outside 1-65535" + none}},
        {"a port's name that no port has",
         probe + "httpGet: {port: admin}}}]}",
         {at + ".httpGet.port: 'admin' is the name of no port of the container" + none}},
        {"a number in quotes is a name",
         probe + "httpGet: {port: '80'}}}]}",
         {at + ".httpGet.port: '80' is not a port name (a-z, 0-9 and '-', a letter among them, at most 15)" + none}},
        {"the name of another container's port",
         container + "}, {readinessProbe: {tcpSocket: {port: web}}}]}",
         {"! f:4: spec.containers[1].readinessProbe.tcpSocket.port: 'web' is the name of no port of the container" +
          none}},
        {"scheme", http + "scheme: http}}}]}", {at + ".httpGet.scheme: 'http' is not one of HTTP, HTTPS" + none}},
        {"header without a name",
         http + "httpHeaders: [{value: a}]}}}]}",
         {at + ".httpGet.httpHeaders[0].name: is required" + none}},
        {"header's name",
         http + "httpHeaders: [{name: 'X Y', value: a}]}}}]}",
         {at + ".httpGet.httpHeaders[0].name: 'X Y' is not a header name (letters, digits and '-', at most 256)" +
          none}},
        {"a header's value that begins another header",
         http + "httpHeaders: [{name: X, value: \"a\\r\\nHost: b\"}]}}}]}",
         {at +
          ".httpGet.httpHeaders[0].value: 'a??Host: b' is not a header value (no control characters, at most 8192 "
          "bytes)" +
          none}},
        {"of an init container that ends",
         "metadata: {name: p}\nspec: {initContainers: [{readinessProbe: {tcpSocket: {port: 80}}}]}",
         {"! f:4: spec.initContainers[0].readinessProbe: is not allowed: an init container without restartPolicy "
          "Always ends (Pod default/p)"}},
    };
    expect_rows("apiVersion: v1\nkind: Pod\n", rows);
}

}  // namespace
}  // namespace beeline::source::file
