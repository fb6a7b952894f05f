// beeline flow flush
#include <ostream>

#include "apps/cli/context.h"
#include "apps/cli/flow_filter.h"
#include "apps/cli/json_text.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class FlowFlush : public Verb {
public:
    Spec spec() const override {
        return {
            "flow flush", "forget flows",
            "Removes flows, both directions of each; the next packet of each is decided anew. A TCP connection\n"
            "through a Service may break, because its backend is chosen again. Changes of policy and Services never\n"
            "need this.",
            "beeline flow flush --addr 10.244.1.7\n"
            "beeline flow flush --pod default/web-1 --state stale\n"
            "beeline flow flush --port 53 --proto udp\n"
            "beeline flow flush --all"};
    }
    void declare(Declare& declare) override {
        filter_.declare(declare);
        declare.flag({"--all", "", "Forget every flow; needed where no filter is given."}, all_);
    }
    Result<int> run(Context& c) override {
        if (filter_.empty() && !all_) return c.usage("flow flush: give a filter, or --all to forget every flow");
        if (!filter_.empty() && all_) return c.usage("flow flush: --all and a filter contradict each other");
        auto query = filter_.query();
        if (all_) query.emplace_back("all", "true");
        const auto answer = TRY(c.agent().del(api::client::target({"v1", "flows"}, query)));
        c.show(answer, [&] {
            c.out() << counted(static_cast<std::uint64_t>(number_at(answer, "removed")), "flow", "flows")
                    << " removed\n";
        });
        return exit_ok;
    }

private:
    FlowFilter filter_;
    bool all_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_flow_flush() {
    return std::make_unique<FlowFlush>();
}

}  // namespace beeline::cli
