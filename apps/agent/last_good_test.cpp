// Agents that follow each other on one run directory, and what the next one makes of broken files.
#include "apps/agent/last_good.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "apps/agent/manifests.h"
#include "base/file.h"

namespace beeline::agent {
namespace {

namespace fs = std::filesystem;
using Problems = std::vector<std::string>;

constexpr const char* syntax_error = "kind: [\n";

std::string service(const std::string& name, const std::string& port = "80") {
    return fmt::format("apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec: {{ports: [{{port: {}}}]}}\n", name,
                       port);
}

std::string list(const std::string& items) {
    return "apiVersion: v1\nkind: ServiceList\nitems:\n" + items;
}
std::string item(const std::string& name, const std::string& port) {
    return fmt::format("- {{metadata: {{name: {}}}, spec: {{ports: [{{port: {}}}]}}}}\n", name, port);
}

class LastGoodTest : public testing::Test {
protected:
    LastGoodTest() {
        char name[] = "/tmp/beeline-last-good-XXXXXX";
        root_ = mkdtemp(name);
        fs::create_directory(root_ + "/manifests");
    }
    ~LastGoodTest() override { fs::remove_all(root_); }

    // What the agent does with its manifests when it starts, and then with each change.
    struct Agent {
        Manifests manifests;
        store::Store store{{.name = "node", .service_cidrs = {*parse_prefix("10.96.0.0/16")}}};
        Agent(const std::string& root, const std::string& folder)
            : manifests(Manifests::open(root + folder, root + "/run").value()) {
            take(manifests.read());
        }
        void take(std::vector<store::FileEdit> edits) {
            store.apply(std::move(edits));
            const auto kept = manifests.keep(store);
            EXPECT_TRUE(kept) << kept.error().what;
        }
    };
    // The one before is gone as if killed: nothing is written at its end.
    void start(const std::string& folder = "/manifests") { agent_.emplace(root_, folder); }

    void write(const std::string& file, const std::string& text) const {
        ASSERT_TRUE(write_file(root_ + "/manifests/" + file, text));
    }
    void says(const std::string& file, const std::string& text) {
        write(file, text);
        agent_->take(agent_->manifests.reread().value());
    }
    void remove(const std::string& file) const { fs::remove(root_ + "/manifests/" + file); }

    // "a:80@1": the Service, its port, the line it stands on.
    std::string in_force() const {
        std::string text;
        for (const auto& [name, service] : agent_->store.current()->services)
            text += fmt::format("{}{}:{}@{}", text.empty() ? "" : " ", name.name, service->ports[0].port.value,
                                service->meta.origin.line);
        return text;
    }
    Problems problems() const {
        Problems texts;
        for (const auto& problem : agent_->store.problems())
            texts.push_back(to_string(problem));
        return texts;
    }
    std::vector<fs::path> kept() const {
        std::vector<fs::path> paths;
        for (const auto& entry : fs::directory_iterator(root_ + "/run/state/objects"))
            paths.push_back(entry.path());
        return paths;
    }

    std::string root_;
    std::optional<Agent> agent_;
};

TEST_F(LastGoodTest, AFileThatBrokeWhileNoAgentRanIsAsGoodAsOneThatBrokeBeforeIt) {
    struct Row {
        const char* sentence;
        std::string good, broken;
        const char* in_force;
    };
    const Row rows[] = {
        {"its only document", "# head\n" + service("a"), service("a", "8x"), "a:80@2"},
        {"one of several, the others are new", service("a") + "---\n" + service("b"),
         service("a", "81") + "---\n" + service("b", "8x"), "a:81@1 b:80@6"},
        {"a document that went and one that broke", service("a") + "---\n" + service("b"), service("b", "8x"),
         "b:80@6"},
        {"its YAML: nobody knows which object is meant", service("a") + "---\n" + service("b"), syntax_error,
         "a:80@1 b:80@6"},
        {"its YAML in one of several", service("a") + "---\n" + service("b"), service("a", "81") + "---\n[",
         "a:81@1 b:80@6"},
        {"a name that is none", service("a"), service("A"), "a:80@1"},
        {"one item of a list", list(item("a", "80") + item("b", "80") + item("c", "80")),
         list(item("a", "81") + item("b", "8x")), "a:81@4 b:80@5"},
        {"an object that was never good", service("a"), service("a", "81") + "---\n" + service("b", "8x"), "a:81@1"},
    };
    for (const Row& row : rows) {
        start();
        says("x.yaml", row.good);
        says("x.yaml", row.broken);
        const std::string while_it_ran = in_force();
        const Problems told = problems();
        EXPECT_EQ(while_it_ran, row.in_force) << row.sentence;
        says("x.yaml", row.good);
        write("x.yaml", row.broken);
        start();
        EXPECT_EQ(in_force(), while_it_ran) << row.sentence;
        EXPECT_EQ(problems(), told) << row.sentence;
        start();
        EXPECT_EQ(in_force(), while_it_ran) << row.sentence << ": the agent after that one";
        says("x.yaml", row.good);
        EXPECT_EQ(problems(), Problems{}) << row.sentence << ": mended";
        remove("x.yaml");
        start();
        EXPECT_EQ(in_force(), "") << row.sentence << ": deleted";
    }
}

TEST_F(LastGoodTest, WhatIsKeptIsNeverOlderThanWhatWasInForce) {
    start();
    says("x.yaml", service("a") + "---\n" + service("b") + "---\n" + service("c"));
    says("x.yaml", service("a", "81") + "---\n" + service("b", "8x"));  // without c
    says("x.yaml", service("a", "82") + "---\n" + service("b", "9x"));
    write("x.yaml", syntax_error);
    start();
    EXPECT_EQ(in_force(), "a:82@1 b:80@6");
}

TEST_F(LastGoodTest, AVersionThatWasGoodForAMomentIsTheLastGoodOne) {
    start();
    says("x.yaml", service("a"));
    for (const std::string& text : {service("a", "81"), std::string(syntax_error)}) {
        write("x.yaml", text);
        agent_->store.apply(agent_->manifests.reread().value());
    }
    EXPECT_TRUE(agent_->manifests.keep(agent_->store));
    EXPECT_EQ(in_force(), "a:81@1");
    start();
    EXPECT_EQ(in_force(), "a:81@1");
}

TEST_F(LastGoodTest, AFileThatIsGoneTakesItsLastGoodVersionAlong) {
    start();
    says("x.yaml", service("a"));
    remove("x.yaml");
    start();
    EXPECT_EQ(in_force(), "");
    write("x.yaml", syntax_error);
    start();
    EXPECT_EQ(in_force(), "") << "it was gone when an agent looked";
    says("x.yaml", service("a"));
    remove("x.yaml");
    agent_->take(agent_->manifests.reread().value());
    write("x.yaml", syntax_error);
    start();
    EXPECT_EQ(in_force(), "") << "and when one ran";
}

TEST_F(LastGoodTest, AFileThatCannotBeReadIsABrokenOne) {
    start();
    says("x.yaml", service("a"));
    remove("x.yaml");
    fs::create_directory(root_ + "/manifests/x.yaml");
    start();
    EXPECT_EQ(in_force(), "a:80@1");
    EXPECT_EQ(problems(), Problems{"x.yaml: cannot be read: not a regular file"});
}

TEST_F(LastGoodTest, ACopyThatMakesNoSenseIsToldSetAsideAndWrittenAnew) {
    for (const std::string& bad : {std::string(), std::string("{"), std::string("[]"), std::string("\0\xff", 2),
                                   std::string(R"({"manifests":"/","files":[{"file":"x.yaml","documents":[1]}]})"),
                                   std::string(R"({"manifests":"/","files":[{"file":"x.yaml","documents":[
                                      {"line":1,"text":"","objects":[{"kind":"X","namespace":"","name":""}]}]}]})")}) {
        start();
        says("x.yaml", service("a"));
        ASSERT_EQ(kept().size(), 1u);
        const std::string copy = kept()[0];
        ASSERT_TRUE(write_file(copy, bad));
        write("x.yaml", syntax_error);
        start();
        EXPECT_EQ(in_force(), "") << bad;
        ASSERT_EQ(agent_->manifests.problems().size(), 1u) << bad;
        EXPECT_TRUE(agent_->manifests.problems()[0].starts_with(copy + ": ")) << agent_->manifests.problems()[0];
        EXPECT_TRUE(fs::exists(copy + ".corrupt"));
        says("x.yaml", service("a"));
        EXPECT_TRUE(fs::exists(copy));
        fs::remove_all(root_ + "/run");
    }
}

TEST_F(LastGoodTest, ACopyThatIsNotUnderstoodAnyMoreIsTold) {
    start();
    says("x.yaml", service("a") + "---\n" + service("b"));
    std::string text = read_file(kept().at(0)).value();
    text.replace(text.find("port: 80"), 8, "port: 8x");
    ASSERT_TRUE(write_file(kept().at(0), text));
    write("x.yaml", syntax_error);
    start();
    EXPECT_EQ(in_force(), "b:80@6");
    EXPECT_EQ(agent_->manifests.problems(),
              Problems{"x.yaml: the last good version of Service default/a is not understood"});
}

TEST_F(LastGoodTest, TheCopyOfAnotherFolderCountsForNothing) {
    start();
    says("x.yaml", service("a"));
    fs::create_directory(root_ + "/others");
    ASSERT_TRUE(write_file(root_ + "/others/x.yaml", syntax_error));
    start("/others");
    EXPECT_EQ(in_force(), "");
    says("x.yaml", service("b"));
    write("x.yaml", syntax_error);
    start("/others/../manifests/");
    EXPECT_EQ(in_force(), "") << "it was replaced by the other's";
}

TEST_F(LastGoodTest, OneFolderMayBeSpeltInManyWays) {
    start();
    says("x.yaml", service("a"));
    write("x.yaml", syntax_error);
    start("/run/.././manifests//");
    EXPECT_EQ(in_force(), "a:80@1");
}

TEST_F(LastGoodTest, IsForRootAloneAndHoldsOnlyKindsThatAreRead) {
    start();
    says("x.yaml", service("a") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {key: c2VjcmV0}\n");
    struct stat status{};
    ASSERT_EQ(stat(kept().at(0).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
    EXPECT_FALSE(read_file(kept().at(0)).value().contains("c2VjcmV0"));
}

TEST_F(LastGoodTest, WritesOnlyWhatChangedAndFewFilesForMany) {
    for (int i = 0; i < 1000; i++)
        write(fmt::format("{}.yaml", i), service(fmt::format("s{}", i)));
    start();
    EXPECT_EQ(kept().size(), 16u);
    for (const fs::path& path : kept())
        fs::remove(path);
    agent_->take(agent_->manifests.reread().value());
    EXPECT_EQ(kept().size(), 0u) << "nothing changed";
    says("7.yaml", service("s7", "81"));
    EXPECT_EQ(kept().size(), 1u);
}

TEST_F(LastGoodTest, WhatCannotBeWrittenIsTriedAgain) {
    start();
    fs::create_directories(root_ + "/run/state");
    ASSERT_TRUE(write_file(root_ + "/run/state/objects", "in the way"));
    write("x.yaml", service("a"));
    agent_->store.apply(agent_->manifests.reread().value());
    const auto refused = agent_->manifests.keep(agent_->store);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().what.starts_with(root_ + "/run/state/objects: ")) << refused.error().what;
    fs::remove(root_ + "/run/state/objects");
    EXPECT_TRUE(agent_->manifests.keep(agent_->store));
    write("x.yaml", syntax_error);
    start();
    EXPECT_EQ(in_force(), "a:80@1");
}

}  // namespace
}  // namespace beeline::agent
