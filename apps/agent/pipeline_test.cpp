// The pipeline with a real store and a kernel that accepts or refuses as the test says.
#include "apps/agent/pipeline.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace beeline::agent {
namespace {

model::NodeConfig node() {
    model::NodeConfig config;
    config.name = "n1";
    config.pod_cidrs = {*parse_prefix("10.1.0.0/29")};
    config.service_cidrs = {*parse_prefix("10.96.0.0/24")};
    config.routers = {*parse_addr("10.1.0.1")};
    return config;
}

class PipelineTest : public testing::Test {
protected:
    PipelineTest() {
        char name[] = "/tmp/beeline-pipeline-XXXXXX";
        folder_ = mkdtemp(name);
        make();
    }
    ~PipelineTest() override { std::filesystem::remove_all(folder_); }

    // An agent; called a second time, its successor.
    void make() {
        store_ = std::make_unique<store::Store>(node());
        state_ = std::make_unique<StateFolder>(folder_);
        enricher_ = std::make_unique<flow::Enricher>(store_->current());
        pipeline_ = std::make_unique<Pipeline>(
            Pipeline::Seams{*store_, *state_, *enricher_, [this](const plan::Plan& plan) { return kernel(plan); },
                            [this](const std::string& path) -> Result<std::uint64_t> {
                                const auto found = namespaces_.find(path);
                                if (found == namespaces_.end()) return fail(Errc::not_found, path + ": gone");
                                return found->second;
                            },
                            [this] { scheduled_++; }, [this](const std::string& text) { warnings_.push_back(text); },
                            [this](const model::Snapshot&) { return failing_; }});
        auto notes = pipeline_->restore();
        ASSERT_TRUE(notes) << notes.error().what;
        notes_ = *notes;
        pipeline_->run();
    }
    plan::Status kernel(const plan::Plan& plan) {
        applied_++;
        EXPECT_EQ(store_->current()->generation, plan.generation);
        failing_in_force_ = store_->current()->failing;
        saved_before_use_ = std::filesystem::exists(folder_ + "/state/identities.json");
        plan::Status status;
        status.wanted = status.in_force = plan.generation;
        for (const auto& [id, endpoint] : plan.endpoints) {
            if (vanished_.contains(endpoint.netns)) {
                status.lost.insert(id);
                continue;
            }
            status.endpoints[id] = {plan.generation, 1, refused_};
            if (refused_.empty()) status.up.insert(id);
        }
        return status;
    }
    struct Answer {
        std::optional<Result<api::Editor::Added>> added;
    };
    std::shared_ptr<Answer> add(const char* pod, const char* netns) {
        auto answer = std::make_shared<Answer>();
        store::EndpointRequest request;
        request.pod = *model::parse_name(pod);
        request.netns = netns;
        pipeline_->add_endpoint(request, [answer](const Result<api::Editor::Added>& added) { answer->added = added; });
        return answer;
    }
    api::Validation validate(const std::string& file, const std::string& text) {
        return pipeline_->validate({{file, text}}).at(0);
    }
    bool on_disk(EndpointId id) const {
        return std::filesystem::exists(folder_ + "/state/" + std::to_string(id.value) + "/endpoint.json");
    }

    std::string folder_;
    std::map<std::string, std::uint64_t> namespaces_{{"/n/a", 1}, {"/n/b", 2}, {"/n/c", 3}};
    std::set<std::string> vanished_;
    std::string refused_;
    std::set<model::Name> failing_, failing_in_force_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<StateFolder> state_;
    std::unique_ptr<flow::Enricher> enricher_;
    std::unique_ptr<Pipeline> pipeline_;
    std::vector<std::string> warnings_, notes_;
    int applied_ = 0, scheduled_ = 0;
    bool saved_before_use_ = false;
};

TEST_F(PipelineTest, WhoIsNotReadyYetIsSoInTheFirstPlanThatHasThePod) {
    failing_ = {{"default", "a"}};
    add("default/a", "/n/a");
    pipeline_->run();
    EXPECT_EQ(failing_in_force_, failing_);
    const int before = applied_;
    failing_ = {};
    pipeline_->set_failing({});
    EXPECT_EQ(scheduled_, 2);
    pipeline_->run();
    EXPECT_EQ(failing_in_force_, failing_);
    EXPECT_EQ(applied_, before + 1);
    pipeline_->run();
    EXPECT_EQ(applied_, before + 1) << "nothing is new";
}

TEST_F(PipelineTest, AnEndpointIsAnsweredWhenItIsInForceAndNotBefore) {
    const auto answer = add("default/a", "/n/a");
    EXPECT_FALSE(answer->added);
    EXPECT_EQ(scheduled_, 1);
    pipeline_->run();
    ASSERT_TRUE(answer->added);
    ASSERT_TRUE(*answer->added) << answer->added->error().what;
    EXPECT_TRUE((*answer->added)->created);
    EXPECT_TRUE(store_->current()->up.contains((*answer->added)->id));
    EXPECT_TRUE(on_disk((*answer->added)->id));
    EXPECT_TRUE(saved_before_use_) << "identities are on disk before the kernel uses them";

    const auto again = add("default/a", "/n/a");
    pipeline_->run();
    ASSERT_TRUE(*again->added);
    EXPECT_FALSE((*again->added)->created);
}

TEST_F(PipelineTest, EditsThatComeTogetherGoThroughTogether) {
    const int before = applied_;
    const auto a = add("default/a", "/n/a"), b = add("default/b", "/n/b"), c = add("default/c", "/n/c");
    EXPECT_EQ(scheduled_, 1);
    pipeline_->run();
    EXPECT_TRUE(*a->added && *b->added && *c->added);
    EXPECT_LE(applied_ - before, 2) << "one pass for the edits, at most one for what they cause";
}

TEST_F(PipelineTest, WhatTheKernelRefusesIsRolledBack) {
    refused_ = "bl_policy: no room";
    const auto answer = add("default/a", "/n/a");
    pipeline_->run();
    ASSERT_TRUE(answer->added);
    ASSERT_FALSE(*answer->added);
    EXPECT_EQ(answer->added->error().code, Errc::kernel);
    EXPECT_EQ(answer->added->error().what, "bl_policy: no room");
    EXPECT_TRUE(store_->current()->endpoints.empty());
    EXPECT_TRUE(pipeline_->plan()->endpoints.empty()) << "and the kernel was told";
    EXPECT_FALSE(on_disk({1}));
}

TEST_F(PipelineTest, AnEndpointThatExistedIsNotRolledBack) {
    const auto first = add("default/a", "/n/a");
    pipeline_->run();
    refused_ = "later";
    pipeline_->apply({{"p.yaml", {model::Namespace{{"", "x", {}, {"p.yaml", 1}}}}, {}, false}});
    const auto again = add("default/a", "/n/a");
    pipeline_->run();
    EXPECT_FALSE(*again->added);
    EXPECT_EQ(store_->current()->endpoints.size(), 1u);
    EXPECT_TRUE(on_disk((*first->added)->id));
}

TEST_F(PipelineTest, ABadRequestIsAnsweredAtOnceAndLeavesNothing) {
    const auto answer = add("default/a", "/n/nowhere");
    ASSERT_TRUE(answer->added);
    EXPECT_EQ(answer->added->error().code, Errc::not_found);
    EXPECT_EQ(scheduled_, 0);
}

TEST_F(PipelineTest, AddressesRunOutWithAClearError) {
    std::vector<std::shared_ptr<Answer>> answers;
    for (int i = 0; i < 8; i++) {
        const std::string path = "/n/x" + std::to_string(i);
        namespaces_[path] = 100 + static_cast<std::uint64_t>(i);
        answers.push_back(add(("default/x" + std::to_string(i)).c_str(), path.c_str()));
    }
    pipeline_->run();
    ASSERT_TRUE(answers.back()->added);
    ASSERT_FALSE(*answers.back()->added);
    EXPECT_EQ(answers.back()->added->error().code, Errc::exhausted);
    EXPECT_EQ(store_->current()->endpoints.size(), 5u) << "8 addresses: network, broadcast and router are none";
}

TEST_F(PipelineTest, NewUnmaskedDestinationsGoToTheKernelAndTheSameDoNot) {
    const int before = applied_;
    pipeline_->set_unmasked({*parse_prefix("10.0.0.0/8")});
    pipeline_->run();
    EXPECT_EQ(applied_, before + 1);
    EXPECT_EQ(pipeline_->plan()->unmasked, (std::set{*parse_prefix("10.0.0.0/8"), *parse_prefix("10.1.0.0/29")}));
    pipeline_->set_unmasked({*parse_prefix("10.0.0.0/8")});
    pipeline_->run();
    EXPECT_EQ(applied_, before + 1);
}

TEST_F(PipelineTest, RemovalIsAnsweredWhenTheKernelHasForgotten) {
    const auto answer = add("default/a", "/n/a");
    pipeline_->run();
    const EndpointId id = (*answer->added)->id;
    std::optional<Result<>> removed;
    pipeline_->remove_endpoint(id, [&](const Result<>& result) { removed = result; });
    EXPECT_FALSE(removed);
    pipeline_->run();
    ASSERT_TRUE(removed && *removed);
    EXPECT_TRUE(pipeline_->plan()->endpoints.empty());
    EXPECT_FALSE(on_disk(id));
    pipeline_->remove_endpoint(id, [&](const Result<>& result) { removed = result; });
    EXPECT_EQ(removed->error().code, Errc::not_found);
}

TEST_F(PipelineTest, ANamespaceThatVanishesTakesItsEndpointAlong) {
    const auto answer = add("default/a", "/n/a");
    pipeline_->run();
    vanished_.insert("/n/a");
    plan::Status status;
    status.lost = {(*answer->added)->id};
    pipeline_->take(status);
    pipeline_->run();
    EXPECT_TRUE(store_->current()->endpoints.empty());
    EXPECT_FALSE(on_disk((*answer->added)->id));
    EXPECT_EQ(warnings_.size(), 1u);
}

TEST_F(PipelineTest, TheNextAgentTakesOverAndForgetsWhatIsGone) {
    const auto a = add("default/a", "/n/a"), b = add("default/b", "/n/b"), c = add("default/c", "/n/c");
    pipeline_->run();
    const auto before = store_->current()->endpoints.at((*a->added)->id);
    namespaces_.erase("/n/b");  // gone
    namespaces_["/n/c"] = 99;   // another namespace under the same path
    make();
    EXPECT_TRUE(notes_.empty());
    const auto snapshot = store_->current();
    ASSERT_EQ(snapshot->endpoints.size(), 1u);
    const auto after = snapshot->endpoints.at((*a->added)->id);
    EXPECT_EQ(after->addr4, before->addr4);
    EXPECT_EQ(after->identity, before->identity);
    EXPECT_FALSE(on_disk((*b->added)->id));
    EXPECT_FALSE(on_disk((*c->added)->id));
    EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(PipelineTest, AStateThatCannotBeSavedBringsNothingIntoForce) {
    std::filesystem::remove_all(folder_ + "/state");
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/state").put('x');
    const auto answer = add("default/a", "/n/a");
    ASSERT_TRUE(answer->added);
    EXPECT_EQ(answer->added->error().code, Errc::io);
    EXPECT_TRUE(store_->current()->endpoints.empty());
}

constexpr const char* web = R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 10.96.0.7
  ports: [{port: 80}]
)";

TEST_F(PipelineTest, ValidateParsesAndLooksForCollisionsWithoutChangingAnything) {
    model::Service taken;
    taken.meta = {"default", "taken", {}, {"old.yaml", 1}};
    taken.cluster_ips = {*parse_addr("10.96.0.7")};
    taken.families = {Family::v4};
    taken.ports.push_back({"", Proto::tcp, {80}, Port{80}});
    pipeline_->apply({{"old.yaml", {taken}, {}, false}});
    pipeline_->run();
    const auto generation = store_->current()->generation;

    const auto collision = validate("/some/where/new.yaml", web);
    ASSERT_EQ(collision.problems.size(), 1u);
    EXPECT_EQ(collision.problems[0].file, "new.yaml");
    EXPECT_TRUE(collision.objects.empty());

    const auto replaced = validate("old.yaml", web);
    EXPECT_TRUE(replaced.problems.empty()) << "it would take the other's place: " << to_string(replaced.problems[0]);
    EXPECT_EQ(replaced.objects.size(), 1u);

    const auto broken = validate("x.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: UPPER}\n");
    EXPECT_FALSE(broken.problems.empty());
    const auto other = validate("x.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n");
    ASSERT_EQ(other.ignored.size(), 1u);
    EXPECT_EQ(other.ignored[0], "x.yaml:1: apps/v1 Deployment");
    EXPECT_EQ(store_->current()->generation, generation);
    EXPECT_TRUE(store_->problems().empty());
}

TEST_F(PipelineTest, ValidateSeesWhatFilesGivenTogetherDoToEachOther) {
    const std::string other =
        "apiVersion: v1\nkind: Service\nmetadata: {name: other}\nspec: {clusterIP: 10.96.0.7, "
        "ports: [{port: 80}]}\n";
    const std::string free = "apiVersion: v1\nkind: Namespace\nmetadata: {name: free}\n";
    struct Row {
        const char* sentence;
        std::vector<api::ManifestText> files;
        std::vector<std::string> problems;
    };
    const Row rows[] = {
        {"one object twice",
         {{"d/a.yaml", web}, {"d/b.yaml", web}},
         {"b.yaml:1: metadata.name: 'web' is defined already in a.yaml:1, which stays in force (Service default/web)"}},
        {"one address twice",
         {{"a.yaml", web}, {"b.yaml", other}},
         {"b.yaml:1: spec.clusterIP: '10.96.0.7' is the address of Service default/web already (Service "
          "default/other)"}},
        {"one name twice",
         {{"a.yaml", free}, {"x/a.yaml", other}},
         {"a.yaml: is the name of another of these files, too"}},
        {"nothing twice", {{"a.yaml", web}, {"b.yaml", free}}, {}},
    };
    for (const Row& row : rows) {
        const auto verdicts = pipeline_->validate(row.files);
        ASSERT_EQ(verdicts.size(), 2u);
        EXPECT_TRUE(verdicts[0].problems.empty()) << row.sentence;
        EXPECT_EQ(verdicts[0].objects.size(), 1u) << row.sentence;
        EXPECT_EQ(verdicts[1].file, row.files[1].file);
        std::vector<std::string> problems;
        for (const auto& problem : verdicts[1].problems)
            problems.push_back(to_string(problem));
        EXPECT_EQ(problems, row.problems) << row.sentence;
        EXPECT_EQ(verdicts[1].objects.size(), row.problems.empty() ? 1u : 0u) << row.sentence;
    }
    EXPECT_TRUE(pipeline_->validate({}).empty());
}

}  // namespace
}  // namespace beeline::agent
