// beeline endpoint list
#include "api/client/target.h"
#include "apps/cli/endpoint_text.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class EndpointList : public Verb {
public:
    Spec spec() const override {
        return {"endpoint list", "the containers of this node",
                "One line a container, by id. STATE is up when its programs, addresses and policy are in force.\n"
                "INTERFACE is the host's end of its network interface.",
                "beeline endpoint list\n"
                "beeline endpoint list --pod demo/web-1 -o json | jq -r '.[].addr4'"};
    }
    void declare(Declare& declare) override { declare.text({"--pod", "POD", "Only this pod (namespace/name)."}, pod_); }
    Result<int> run(Context& c) override {
        std::string pod;
        if (!pod_.empty()) {
            const auto name = object_name(pod_);
            if (!name) return c.usage("--pod: " + name.error().what);
            pod = name->ns + "/" + name->name;
        }
        const auto answer = TRY(c.agent().get(api::client::target({"v1", "endpoints"}, {{"pod", pod}})));
        c.show_table(answer, [&] { return endpoint_table(list_of(answer), c.now_ms()); });
        return exit_ok;
    }

private:
    std::string pod_;
};

}  // namespace

std::unique_ptr<Verb> make_endpoint_list() {
    return std::make_unique<EndpointList>();
}

}  // namespace beeline::cli
