// beeline version
#include "version.h"

#include <boost/json/object.hpp>
#include <ostream>

#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class Version : public Verb {
public:
    Spec spec() const override {
        return {"version", "the versions of this program and of the agent",
                "An agent that does not answer is no error here.",
                "beeline version\n"
                "beeline version -o json | jq -r .client"};
    }
    Result<int> run(Context& c) override {
        const auto status = c.agent().get("/v1/status");
        boost::json::object versions{{"client", BEELINE_VERSION}};
        if (status) versions["agent"] = text_at(*status, "version");
        c.show(versions, [&] {
            c.out() << "beeline   " << BEELINE_VERSION << "\n"
                    << "beelined  " << (status ? text_at(*status, "version") : "does not answer") << "\n";
        });
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_version() {
    return std::make_unique<Version>();
}

}  // namespace beeline::cli
