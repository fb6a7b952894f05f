#include "apps/agent/options.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

namespace beeline::agent {
namespace {

Parsed parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "beelined");
    return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Options, TheCommandLineOverridesTheFile) {
    const std::string file = testing::TempDir() + "/options-test.yaml";
    ASSERT_TRUE(write_file(file, "node: from-file\nmtu: 1400\npod_cidrs: [10.9.0.0/24]\nlog_level: error\n"));
    const auto parsed = parse({"--config", file.c_str(), "--node", "from-line", "--pod-cidr", "10.1.0.0/24",
                               "--pod-cidr", "fd00:1::/64", "--device", "eth0", "--device", "eth1", "--cgroup", "",
                               "--run-dir", "/r", "--log-level", "debug"});
    ASSERT_FALSE(parsed.exit) << parsed.exit->text;
    EXPECT_EQ(parsed.options.mode, Mode::run);
    const auto config = effective_config(parsed.options);
    std::filesystem::remove(file);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->node, "from-line");
    EXPECT_EQ(config->mtu, 1400u) << "what the line leaves out is the file's";
    ASSERT_EQ(config->pod_cidrs.size(), 2u) << "the line's ranges replace the file's";
    EXPECT_EQ(to_string(config->pod_cidrs[0]), "10.1.0.0/24");
    EXPECT_EQ(config->devices, (std::vector<std::string>{"eth0", "eth1"}));
    EXPECT_EQ(config->socket, "/r/beeline.sock");
    EXPECT_EQ(config->log_level, LogLevel::debug);
}

TEST(Options, ARelativeDirectoryIsMadeAbsolute) {
    const auto parsed = parse({"--manifests", "./m/"});
    ASSERT_FALSE(parsed.exit);
    EXPECT_TRUE(parsed.options.manifests->starts_with('/')) << *parsed.options.manifests;
    EXPECT_TRUE(parsed.options.manifests->ends_with("/m/")) << *parsed.options.manifests;
}

TEST(Options, MistakesEndWithStatusTwoAndWords) {
    struct Row {
        std::vector<const char*> arguments;
        const char* words;
    };
    const Row rows[] = {
        {{"--nonsense"}, "--nonsense"},
        {{"--pod-cidr", "10.1.0.0"}, "--pod-cidr"},
        {{"--pod-cidr", "10.1.0.1/24"}, "--pod-cidr"},
        {{"--log-level", "loud"}, "log level 'loud' is none of"},
        {{"--config"}, "--config"},
        {{"--probe", "--cleanup"}, "--probe"},
        {{"stray"}, "stray"},
    };
    for (const Row& row : rows) {
        const auto parsed = parse(row.arguments);
        ASSERT_TRUE(parsed.exit) << row.words;
        EXPECT_EQ(parsed.exit->code, 2) << row.words;
        EXPECT_NE(parsed.exit->text.find(row.words), std::string::npos) << parsed.exit->text;
    }
}

TEST(Options, HelpNamesEveryOptionAndKey) {
    const auto parsed = parse({"--help"});
    ASSERT_TRUE(parsed.exit);
    EXPECT_EQ(parsed.exit->code, 0);
    for (const char* word :
         {"--config", "--manifests", "--node", "--device", "--pod-cidr", "--service-cidr", "--bpffs", "--run-dir",
          "--cgroup", "--log-level", "--version", "--probe", "--cleanup", "Examples:", "Exit status:"})
        EXPECT_NE(parsed.exit->text.find(word), std::string::npos) << word;
    for (const auto& key : config_keys())
        EXPECT_NE(parsed.exit->text.find(key.meaning), std::string::npos) << key.name;
}

TEST(Options, ProbeAndCleanupAreModes) {
    EXPECT_EQ(parse({"--probe"}).options.mode, Mode::probe);
    EXPECT_EQ(parse({"--cleanup"}).options.mode, Mode::cleanup);
}

TEST(Options, AFileThatIsNotThereIsAnError) {
    Options options;
    options.config_file = "/nonexistent.yaml";
    EXPECT_FALSE(effective_config(options));
}

}  // namespace
}  // namespace beeline::agent
