// beeline endpoint add
#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "apps/cli/endpoint_text.h"
#include "apps/cli/names.h"
#include "apps/cli/verbs.h"
#include "base/addr.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

Result<json::object> labels_of(const std::vector<std::string>& words) {
    json::object labels;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0)
            return fail(Errc::invalid, fmt::format("--label {}: is not of the form key=value", word));
        labels[word.substr(0, equals)] = word.substr(equals + 1);
    }
    return labels;
}

Result<> add_addresses(const std::vector<std::string>& words, json::object& request) {
    for (const auto& word : words) {
        const auto addr = parse_addr(word);
        if (!addr) return fail("--ip: ", addr.error());
        const char* key = addr->v4() ? "addr4" : "addr6";
        if (request.contains(key))
            return fail(Errc::invalid, fmt::format("--ip {}: at most one address of a family can be given", word));
        request[key] = to_string(*addr);
    }
    return {};
}

class EndpointAdd : public Verb {
public:
    Spec spec() const override {
        return {
            "endpoint add", "give a container its network",
            "Makes a network interface with addresses and routes in a network namespace and puts the policy of the\n"
            "pod in force before its first packet. Returns when the container can be used; if anything fails,\n"
            "nothing is left behind. The same call again is no error and changes nothing.\n\n"
            "Labels are those of the Pod manifest, if there is one, overlaid with --label. Services select the\n"
            "container and policies decide about it by these labels. If a manifest that cannot be read may be the\n"
            "pod's, and no good version of it is known, a new container is refused until the file is mended.",
            "# a container of its own, from nothing\n"
            "ip netns add web-1\n"
            "beeline endpoint add --netns web-1 --pod demo/web-1 --label app=web\n"
            "# the container a process lives in, with fixed addresses\n"
            "beeline endpoint add --netns 4711 --pod demo/db --ip 10.244.1.20 --ip fd00:10:244:1::20"};
    }
    void declare(Declare& declare) override {
        declare.text({"--netns", "NAME|PATH|PID",
                      "The network namespace: a name of `ip netns`, a path (anything with a slash), or the id of a "
                      "process that lives in it.",
                      true},
                     netns_);
        declare.text({"--pod", "NAMESPACE/NAME", "The pod this container is; without a namespace: default.", true},
                     pod_);
        declare.list({"--label", "KEY=VALUE", "A label of the container."}, labels_);
        declare.list({"--ip", "ADDRESS",
                      "Ask for this address (IPv4 or IPv6, one of each) instead of the one the Pod manifest names, or "
                      "a free one of the node's range that no manifest names."},
                     ips_);
        declare.text({"--ifname", "INTERFACE", "The interface's name inside the container; eth0 if not given."},
                     ifname_);
    }
    Result<int> run(Context& c) override {
        const auto request = make_request();
        if (!request) return c.usage(request.error().what);
        const auto endpoint = TRY(c.agent().post("/v1/endpoints", *request));
        c.show_table(endpoint, [&] { return endpoint_table({endpoint}, c.now_ms()); });
        return exit_ok;
    }

private:
    Result<json::object> make_request() const {
        const auto pod = TRY(object_name(pod_));
        json::object request{{"pod", pod.ns + "/" + pod.name}, {"netns", TRY(netns_path(netns_))}};
        if (!labels_.empty()) request["labels"] = TRY(labels_of(labels_));
        if (!ifname_.empty()) request["ifname"] = ifname_;
        CHECK(add_addresses(ips_, request));
        return request;
    }

    std::string netns_, pod_, ifname_;
    std::vector<std::string> labels_, ips_;
};

}  // namespace

std::unique_ptr<Verb> make_endpoint_add() {
    return std::make_unique<EndpointAdd>();
}

}  // namespace beeline::cli
