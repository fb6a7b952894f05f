// A node for the tests of the resources: a real store, and a kernel that says what the test puts in.
#pragma once
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/resources.h"

namespace beeline::api {

struct FakeInspector : plan::Inspector {
    std::vector<plan::FlowEntry> entries;
    plan::FlowFilter asked;
    std::size_t steps = 0;
    plan::FlowPressure pressure;
    std::vector<plan::HookEntry> hook_list;
    std::vector<plan::CounterEntry> counter_list;
    std::vector<plan::MapEntry> map_list;
    std::vector<plan::Row> rows;
    std::vector<plan::DiffRow> differences;
    std::vector<plan::Check> checks;
    plan::Status state;
    std::optional<Error> broken;  // what every call that can fail answers

    template <class T>
    Result<T> answer(T value) {
        if (broken) return std::unexpected(*broken);
        return value;
    }
    // Walks `entries` two at a time.
    struct Walk : plan::FlowWalk {
        Walk(FakeInspector& i, plan::FlowAction a) : inspector(i), action(a) {}
        Result<plan::FlowStep> step() override {
            plan::FlowStep step;
            for (int i = 0; i < 2 && at < inspector.entries.size(); i++, at++) {
                if (action == plan::FlowAction::list)
                    step.entries.push_back(inspector.entries[at]);
                else
                    step.removed++;
            }
            step.finished = at == inspector.entries.size();
            inspector.steps++;
            return inspector.answer(step);
        }
        FakeInspector& inspector;
        plan::FlowAction action;
        std::size_t at = 0;
    };
    Result<std::unique_ptr<plan::FlowWalk>> walk_flows(const plan::FlowFilter& filter,
                                                       plan::FlowAction action) override {
        asked = filter;
        return std::make_unique<Walk>(*this, action);
    }
    plan::FlowPressure flow_pressure() const override { return pressure; }
    Result<std::vector<plan::HookEntry>> hooks() override { return answer(hook_list); }
    Result<std::vector<plan::CounterEntry>> counters() override { return answer(counter_list); }
    Result<std::vector<plan::MapEntry>> maps() override { return answer(map_list); }
    Result<std::vector<plan::Row>> map_rows() override { return answer(rows); }
    Result<std::vector<plan::DiffRow>> diff() override { return answer(differences); }
    std::vector<plan::Check> doctor() override { return checks; }
    plan::Status status() const override { return state; }
};

struct FakeEditor : Editor {
    explicit FakeEditor(store::Store& s) : store(s) {}
    void add_endpoint(store::EndpointRequest request, std::function<void(Result<Added>)> done) override {
        const std::size_t before = store.current()->endpoints.size();
        const auto made = store.add_endpoint(request);
        if (!made) return done(std::unexpected(made.error()));
        done(Added{made->id, store.current()->endpoints.size() > before});
    }
    void remove_endpoint(EndpointId id, std::function<void(Result<>)> done) override {
        done(store.remove_endpoint(id));
    }
    std::vector<Validation> validate(const std::vector<ManifestText>& files) override {
        std::vector<Validation> verdicts;
        for (const ManifestText& file : files) {
            seen += file.file + "|" + file.text + "\n";
            verdicts.push_back(verdict);
            verdicts.back().file = file.file;
        }
        return verdicts;
    }
    store::Store& store;
    Validation verdict;
    std::string seen;
};

inline model::NodeConfig test_node() {
    model::NodeConfig node;
    node.name = "node-1";
    node.pod_cidrs = {*parse_prefix("10.1.0.0/24"), *parse_prefix("fd00:1::/64")};
    node.service_cidrs = {*parse_prefix("10.96.0.0/16")};
    node.routers = {*parse_addr("10.1.0.1"), *parse_addr("fd00:1::1")};
    return node;
}

struct TestNode {
    store::Store store{test_node()};
    FakeInspector inspector;
    flow::Journal journal;
    FakeEditor editor{store};
    std::shared_ptr<const plan::Plan> plan = std::make_shared<const plan::Plan>();
    Context context{"v1", 0, store, inspector, journal, editor, [this] { return plan; }};
    Router router = make_router(context);

    Response call(Method method, std::string_view target, std::string body = {}) {
        auto request = parse_target(method, target);
        EXPECT_TRUE(request) << target;
        request->body = std::move(body);
        std::optional<Response> got;
        router.handle(*request, [&](Response response) { got = std::move(response); });
        EXPECT_TRUE(got) << target << ": no answer";
        return got.value_or(Response{});
    }
    // The body of a call that must succeed.
    boost::json::value get(std::string_view target) {
        const Response response = call(Method::get, target);
        EXPECT_EQ(response.status, 200) << target << ": " << response.body;
        boost::system::error_code error;
        auto value = boost::json::parse(response.body, error);
        EXPECT_FALSE(error) << response.body;
        return value;
    }
    model::Endpoint add(const char* pod, const char* netns) {
        store::EndpointRequest request;
        request.pod = *model::parse_name(pod);
        request.netns = netns;
        request.labels = {{"app", request.pod.name}};
        auto made = store.add_endpoint(request);
        EXPECT_TRUE(made) << made.error().what;
        inspector.state.up.insert(made->id);
        inspector.state.endpoints[made->id] = {{1}, 1000, ""};
        return *made;
    }
    void apply(std::vector<model::Object> objects, std::vector<model::Problem> problems = {}) {
        store.apply({{"test.yaml", std::move(objects), std::move(problems), false}});
    }
};

// A Service, and the frontend of its cluster address: the only one in the plan.
inline model::Service web_service() {
    model::Service service;
    service.meta = {"default", "web", {}, {"test.yaml", 3}};
    service.cluster_ips = {*parse_addr("10.96.0.10")};
    service.families = {Family::v4};
    service.selector = {{"app", "web"}};
    service.ports.push_back({"http", Proto::tcp, {80}, Port{8080}});
    return service;
}
inline plan::FrontendKey web_frontend(TestNode& node, bool with_backend) {
    auto plan = std::make_shared<plan::Plan>();
    const plan::FrontendKey key{*parse_addr("10.96.0.10"), {80}, Proto::tcp};
    plan::Frontend frontend;
    frontend.service = model::service_port_id({"default", "web"}, "http", Proto::tcp);
    if (with_backend) {
        frontend.backends.push_back({*parse_addr("10.1.0.99"), {8080}, false});
        frontend.draining.push_back({*parse_addr("10.1.0.98"), {8080}, true});
    }
    plan->frontends[key] = frontend;
    node.plan = plan;
    return key;
}

}  // namespace beeline::api
