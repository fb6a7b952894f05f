// GET /v1/observe: the past as an array, or the past and the future as server-sent events.
#include <fmt/format.h>

#include "api/peer_json.h"
#include "api/query.h"
#include "api/resources.h"

namespace beeline::api {
namespace {

struct Asked {
    bool follow = false;
    std::size_t last = 0;
    flow::RecordFilter filter{};
};

Result<Asked> parse(const Request& request) {
    Query query(request);
    Asked asked;
    asked.follow = TRY(query.boolean("follow")).value_or(false);
    asked.last = TRY(query.number("last")).value_or(asked.follow ? 0 : 100);
    asked.filter.pod = TRY(query.pod("pod"));
    asked.filter.port = TRY(query.port("port"));
    if (const auto verdict = TRY(query.text("verdict"))) {
        if (*verdict != "forwarded" && *verdict != "dropped")
            return fail(Errc::invalid,
                        fmt::format("query parameter verdict: '{}' is neither forwarded nor dropped", *verdict));
        asked.filter.dropped = *verdict == "dropped";
    }
    CHECK(query.finish());
    return asked;
}

class RecordStream : public Stream {
public:
    RecordStream(flow::Journal& journal, Asked asked) : journal_(journal), asked_(std::move(asked)) {}

    void start(std::function<void()> ready) override {
        subscription_ = journal_.subscribe(asked_.filter, asked_.last, std::move(ready));
    }
    std::string take() override {
        const auto batch = subscription_->take();
        std::string text;
        for (const auto& record : batch.records)
            text += fmt::format("data: {}\n\n", json::serialize(record_json(*record)));
        if (batch.lost > 0) text += fmt::format("event: lost\ndata: {{\"lost\": {}}}\n\n", batch.lost);
        return text;
    }
    std::string keep_alive() override { return ":\n\n"; }

private:
    flow::Journal& journal_;
    const Asked asked_;
    std::shared_ptr<flow::Subscription> subscription_;
};

Result<Response> observe(const Context& context, const Request& request) {
    Asked asked = TRY(parse(request));
    if (asked.follow)
        return Response{.type = "text/event-stream",
                        .stream = std::make_shared<RecordStream>(context.journal, std::move(asked))};
    ArrayWriter array;
    for (const auto& record : context.journal.last(asked.last, asked.filter))
        array.add(record_json(*record));
    return std::move(array).finish();
}

}  // namespace

void add_observe(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/observe",
                    [&context](const Request& request) { return observe(context, request); });
}

}  // namespace beeline::api
