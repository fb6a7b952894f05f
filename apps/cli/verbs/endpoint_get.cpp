// beeline endpoint get
#include <ostream>

#include "apps/cli/endpoint_text.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

void print(Context& c, const boost::json::value& endpoint) {
    const auto isolated = [&](const char* path) {
        const auto names = joined_at(endpoint, path);
        return names.empty() ? "everything is allowed" : "only what is allowed by " + names;
    };
    Details details;
    details.add("Endpoint", text_at(endpoint, "id"));
    details.add("Pod", text_at(endpoint, "pod"));
    details.add("State", endpoint_state(endpoint));
    details.add("Error", {text_at(endpoint, "error"), Tone::bad});
    details.add("IPv4", text_at(endpoint, "addr4"));
    details.add("IPv6", text_at(endpoint, "addr6"));
    details.add("Namespace path", text_at(endpoint, "netns"));
    details.add("Interface", text_at(endpoint, "ifname") + " inside, " + text_at(endpoint, "host_ifname") + " outside");
    details.add("Identity", text_at(endpoint, "identity"));
    details.add("Labels", labels_at(endpoint, "labels"));
    details.add("Ingress", isolated("policies.ingress"));
    details.add("Egress", isolated("policies.egress"));
    details.add("Age", age_text(c.now_ms(), number_at(endpoint, "created_ms")));
    details.print(c.out(), c.color());
}

class EndpointGet : public Verb {
public:
    Spec spec() const override {
        return {"endpoint get", "one container",
                "Shows all that is known of a container, named by its id or by its pod. Exits with 1 if there is none.",
                "beeline endpoint get demo/web-1\n"
                "beeline endpoint get 3 -o yaml"};
    }
    void declare(Declare& declare) override {
        declare.text({"endpoint", "ID|POD", "The number of the endpoint, or its pod (namespace/name).", true}, word_);
    }
    Result<int> run(Context& c) override {
        if (!is_number(word_) && !object_name(word_)) return c.usage(object_name(word_).error().what);
        const auto found = TRY(endpoints_named(c, word_));
        const auto value = found.size() == 1 ? found[0] : boost::json::value(found);
        c.show(value, [&] {
            for (std::size_t i = 0; i < found.size(); ++i) {
                if (i > 0) c.out() << "\n";
                print(c, found[i]);
            }
        });
        return exit_ok;
    }

private:
    std::string word_;
};

}  // namespace

std::unique_ptr<Verb> make_endpoint_get() {
    return std::make_unique<EndpointGet>();
}

}  // namespace beeline::cli
