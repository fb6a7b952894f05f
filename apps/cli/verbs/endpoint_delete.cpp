// beeline endpoint delete
#include <sys/stat.h>

#include <ostream>

#include "api/client/target.h"
#include "apps/cli/endpoint_text.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

// Two paths may lead to one namespace: a name of `ip netns` and /proc/PID/ns/net.
bool same_namespace(const std::string& a, const std::string& b) {
    if (a == b) return true;
    struct stat first{}, second{};
    return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

class EndpointDelete : public Verb {
public:
    Spec spec() const override {
        return {
            "endpoint delete", "take a container's network away",
            "Removes the interfaces, addresses, programs and rules of a container, named by its id, its pod or its\n"
            "network namespace; returns when they are gone. A pod or namespace with several interfaces loses all.\n"
            "Exits with 1 if there is no such endpoint, unless --ignore-not-found is given.",
            "beeline endpoint delete demo/web-1\n"
            "beeline endpoint delete 3\n"
            "beeline endpoint delete --netns web-1 --ignore-not-found"};
    }
    void declare(Declare& declare) override {
        declare.text({"endpoint", "ID|POD", "The number of the endpoint, or its pod (namespace/name)."}, word_);
        declare.text({"--netns", "NAME|PATH|PID", "The container in this network namespace, as for endpoint add."},
                     netns_);
        declare.flag({"--ignore-not-found", "", "No error if there is no such endpoint."}, ignore_);
    }
    Result<int> run(Context& c) override {
        if (word_.empty() == netns_.empty())
            return c.usage("endpoint delete: give an id, a pod or --netns, one of them");
        if (!word_.empty() && !is_number(word_) && !object_name(word_)) return c.usage(object_name(word_).error().what);
        const auto found = netns_.empty() ? endpoints_named(c, word_) : in_namespace(c);
        if (!found && found.error().code == Errc::not_found && ignore_) return exit_ok;
        if (!found) return std::unexpected(found.error());
        json::array gone;
        for (const auto& endpoint : *found) {
            CHECK(c.agent().del(api::client::target({"v1", "endpoints", text_at(endpoint, "id")})));
            gone.push_back({{"id", number_at(endpoint, "id")}, {"pod", text_at(endpoint, "pod")}});
        }
        c.show(gone, [&] {
            for (const auto& endpoint : gone)
                c.out() << "endpoint " << text_at(endpoint, "id") << " (" << text_at(endpoint, "pod") << ") deleted\n";
        });
        return exit_ok;
    }

private:
    Result<json::array> in_namespace(const Context& c) const {
        const auto path = TRY(netns_path(netns_));
        json::array found;
        for (const auto& endpoint : list_of(TRY(c.agent().get("/v1/endpoints"))))
            if (same_namespace(text_at(endpoint, "netns"), path)) found.push_back(endpoint);
        if (found.empty()) return fail(Errc::not_found, "there is no endpoint in the network namespace " + path);
        return found;
    }

    std::string word_, netns_;
    bool ignore_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_endpoint_delete() {
    return std::make_unique<EndpointDelete>();
}

}  // namespace beeline::cli
