// The program in the test's own process, with a stand-in for the agent.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "api/client/testing/fake_agent.h"
#include "apps/cli/run.h"
#include "apps/cli/verb.h"

namespace beeline::cli::testing {

namespace fs = std::filesystem;
using api::client::testing::FakeAgent;
using api::client::testing::Reply;

struct Ran {
    int code = -1;
    std::string out, err;
};

class Cli : public ::testing::Test {
protected:
    // Arguments without the program's name.
    Ran beeline(std::vector<std::string> args, const std::string& in = "") {
        std::istringstream input(in);
        std::ostringstream out, err;
        Io io{.in = input,
              .out = out,
              .err = err,
              .env = [this](const char* name) { return env_[name]; },
              .now_ms = [] { return std::int64_t{1'000'000'000}; },
              .out_is_terminal = terminal_};
        Ran ran;
        ran.code = run(std::move(args), io);
        ran.out = out.str();
        ran.err = err.str();
        return ran;
    }
    void write(const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }

    FakeAgent agent_;
    std::map<std::string, std::string> env_{{"BEELINE_SOCKET", agent_.socket()}};
    bool terminal_ = false;
    fs::path folder_ = fs::path(agent_.socket()).parent_path() / "files";
    void TearDown() override { fs::remove_all(folder_); }
};

// An Endpoint as the agent answers it, up, with one policy.
inline constexpr const char* endpoint =
    R"({"id":3,"pod":"demo/web-1","namespace":"demo","name":"web-1","netns":"/var/run/netns/web-1",
    "ifname":"eth0","host_ifname":"bl3","addr4":"10.244.1.3","addr6":"fd00::3","identity":257,"labels":{"app":"web"},
    "own_labels":{},"up":true,"created_ms":999700000,"policies":{"ingress":["demo/allow"],"egress":[]}})";
inline const std::string endpoints = std::string("[") + endpoint + "]";

}  // namespace beeline::cli::testing
