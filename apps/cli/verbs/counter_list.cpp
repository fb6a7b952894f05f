// beeline counter list
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

class CounterList : public Verb {
public:
    Spec spec() const override {
        return {
            "counter list", "packets and bytes by reason",
            "One line for each reason, hook and direction that occurred since the maps were made. Drops are named by\n"
            "the same reasons in `beeline observe` and in the metrics.",
            "beeline counter list\n"
            "beeline counter list --drops"};
    }
    void declare(Declare& declare) override { declare.flag({"--drops", "", "Only drops."}, drops_); }
    Result<int> run(Context& c) override {
        auto answer = TRY(c.agent().get("/v1/counters"));
        if (drops_ && answer.is_array()) {
            auto& list = answer.get_array();
            for (auto it = list.begin(); it != list.end();)
                it = bool_at(*it, "drop") ? it + 1 : list.erase(it);
        }
        c.show_table(answer, [&] {
            Table table({"REASON", "HOOK", "DIRECTION", "PACKETS", "BYTES", "MEANING"});
            table.none_are(drops_ ? "drops" : "packets counted");
            for (const auto& counter : list_of(answer))
                table.row({{text_at(counter, "reason"), bool_at(counter, "drop") ? Tone::bad : Tone::plain},
                           text_at(counter, "hook"),
                           text_at(counter, "direction"),
                           text_at(counter, "packets"),
                           text_at(counter, "bytes"),
                           text_at(counter, "reason_text")});
            return table;
        });
        return exit_ok;
    }

private:
    bool drops_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_counter_list() {
    return std::make_unique<CounterList>();
}

}  // namespace beeline::cli
