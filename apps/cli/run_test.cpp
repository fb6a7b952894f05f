// The program as a whole: verbs that are not about one kind of object, formats, colour, exit codes.
#include "apps/cli/run.h"

#include <sys/stat.h>

#include <boost/json/parse.hpp>

#include "apps/cli/process.h"
#include "apps/cli/testing/cli_fixture.h"

namespace beeline::cli::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Cli, DumpPrintsTheTextAndDiffExitsWithOneIfThereIsAny) {
    agent_.on("GET /v1/dump/plan", R"({"stage":"plan","text":"a\nb\n"})");
    agent_.on("GET /v1/dump/diff", R"({"stage":"diff","text":"+ bl_x k v\n"})");
    EXPECT_EQ(beeline({"dump", "plan"}).out, "a\nb\n");
    EXPECT_EQ(beeline({"dump", "diff"}).code, exit_negative);
    agent_.on("GET /v1/dump/diff", R"({"stage":"diff","text":""})");
    EXPECT_EQ(beeline({"dump", "diff"}).code, exit_ok);
    EXPECT_EQ(beeline({"dump", "everything"}).code, exit_usage);
}

TEST_F(Cli, ApplyChecksFilesFoldersAndTheStandardInput) {
    write(folder_ / "b.yaml", "kind: B\n");
    write(folder_ / "a.json", "{}");
    write(folder_ / "notes.txt", "no manifest");
    write(folder_ / ".hidden.yaml", "no manifest either");
    const std::string a = (folder_ / "a.json").string(), b = (folder_ / "b.yaml").string();
    const auto good = [](const std::string& file) {
        return R"({"file":")" + file + R"(","ok":true,"objects":[{"kind":"NetworkPolicy","namespace":"demo","name":"x",
            "line":1,"limits":["ipBlock: not yet"]}],"problems":[],"ignored":["line 9: Deployment"]})";
    };
    agent_.on("POST /v1/validate", R"({"ok":true,"files":[)" + good(a) + "," + good(b) + "," + good("stdin") + "]}");
    const auto ran = beeline({"apply", "--dry-run", "-f", folder_.string(), "-f", b, "-f", "-"}, "kind: C\n");
    EXPECT_EQ(ran.code, exit_ok) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("3 objects in 3 files, no problems\n"));
    EXPECT_THAT(ran.out, HasSubstr("stdin:1: NetworkPolicy demo/x: would not be enforced: ipBlock: not yet\n"));
    EXPECT_THAT(ran.out, HasSubstr("stdin: ignored: line 9: Deployment\n"));
    EXPECT_THAT(agent_.requests(),
                ElementsAre(R"(POST /v1/validate {"files":[{"file":")" + a + R"(","text":"{}"},)" + R"({"file":")" + b +
                            R"(","text":"kind: B\n"},)" + R"({"file":"stdin","text":"kind: C\n"}]})"));
}

TEST_F(Cli, ApplyExitsWithOneOnProblemsAndTwoOnFilesItCannotRead) {
    agent_.on("POST /v1/validate", R"({"ok":false,"files":[{"file":"stdin","ok":false,"objects":[],"ignored":[],
        "problems":[{"text":"stdin:14: spec.ports[0].port: '8x' is not a number","reason":"is not a number"}]}]})");
    const auto ran = beeline({"apply", "--dry-run", "-f", "-"}, "x");
    EXPECT_EQ(ran.code, exit_negative);
    EXPECT_THAT(ran.out, HasSubstr("stdin:14: spec.ports[0].port: '8x' is not a number\n"));
    EXPECT_EQ(beeline({"apply", "--dry-run", "-f", "/nonexistent.yaml"}).code, exit_usage);
    fs::create_directories(folder_);
    EXPECT_EQ(beeline({"apply", "--dry-run", "-f", folder_.string()}).code, exit_usage);
    const auto wet = beeline({"apply", "-f", "-"});
    EXPECT_EQ(wet.code, exit_usage);
    EXPECT_THAT(wet.err, HasSubstr("manifests directory"));
}

const char* bad_report = R"({"ok":false,"checks":[{"name":"bpffs","ok":false,"fatal":true,"detail":"not mounted"},
    {"name":"tcx","ok":false,"fatal":false,"detail":"clsact instead"},{"name":"jit","ok":true,"fatal":true,"detail":""}]})";

TEST_F(Cli, DoctorAsksTheAgent) {
    agent_.on("GET /v1/doctor", bad_report);
    const auto ran = beeline({"doctor"});
    EXPECT_EQ(ran.code, exit_negative);
    EXPECT_THAT(ran.out, HasSubstr("bpffs  FAILED      not mounted\n"));
    EXPECT_THAT(ran.out, HasSubstr("tcx    falls back  clsact instead\n"));
    EXPECT_THAT(ran.out, HasSubstr("Beeline cannot run here: bpffs\n"));
}

TEST_F(Cli, DoctorProbesWithBeelinedWhenNoAgentRuns) {
    env_["BEELINE_SOCKET"] = "/nonexistent/beeline.sock";
    EXPECT_EQ(beeline({"doctor"}).code, exit_usage);
    write(folder_ / "beelined",
          "#!/bin/sh\n[ \"$1\" = --probe ] && echo '{\"ok\":true,\"checks\":[{\"name\":\"jit\",\"ok\":true}]}'\n");
    ::chmod((folder_ / "beelined").c_str(), 0755);
    env_["PATH"] = "/nonexistent:" + folder_.string();
    const auto ran = beeline({"doctor"});
    EXPECT_EQ(ran.code, exit_ok) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("Beeline can run here.\n"));
    write(folder_ / "beelined", "#!/bin/sh\necho 'beelined: not root' >&2; exit 1\n");
    EXPECT_EQ(beeline({"doctor"}).code, exit_usage);
}

TEST_F(Cli, VersionIsFineWithoutAnAgent) {
    agent_.on("GET /v1/status", R"({"version":"1.2"})");
    EXPECT_THAT(beeline({"version"}).out, HasSubstr("beelined  1.2\n"));
    env_["BEELINE_SOCKET"] = "/nonexistent/beeline.sock";
    EXPECT_EQ(beeline({"version"}).code, exit_ok);
}

TEST_F(Cli, EveryAnswerCanBeJsonOrYaml) {
    agent_.on("GET /v1/endpoints/3", endpoint);
    const auto as_json = beeline({"-o", "json", "endpoint", "get", "3"});
    EXPECT_EQ(boost::json::parse(as_json.out), boost::json::parse(endpoint));
    const auto as_yaml = beeline({"endpoint", "get", "3", "-o", "YAML"});
    EXPECT_THAT(as_yaml.out, StartsWith("id: 3\npod: demo/web-1\n"));
    EXPECT_THAT(as_yaml.out, HasSubstr("labels:\n  app: web\nown_labels: {}\n"));
}

TEST_F(Cli, ColourOnlyOnATerminalAndNotWithNoColor) {
    agent_.on("GET /v1/endpoints", endpoints);
    const auto coloured = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"endpoint", "list"});
        return beeline(more).out.contains("\033[");
    };
    EXPECT_FALSE(coloured({}));
    EXPECT_TRUE(coloured({"--color", "always"}));
    terminal_ = true;
    EXPECT_TRUE(coloured({}));
    EXPECT_FALSE(coloured({"--color", "never"}));
    env_["NO_COLOR"] = "1";
    EXPECT_FALSE(coloured({}));
}

TEST_F(Cli, ExitCodesTellUnreachableFromRefused) {
    agent_.on("GET /v1/maps", Reply{500, R"({"error":{"code":"kernel","message":"EPERM","detail":"the log"}})"});
    const auto failed = beeline({"map", "list"});
    EXPECT_EQ(failed.code, exit_failed);
    EXPECT_EQ(failed.err, "beeline: EPERM\nthe log\n");
    agent_.on("GET /v1/maps", Reply{400, R"({"error":{"code":"invalid","message":"limit: 0 is too small"}})"});
    EXPECT_EQ(beeline({"map", "list"}).code, exit_usage) << "the agent has looked at the arguments";
    const auto unreachable = beeline({"map", "list", "--socket", "/nonexistent/beeline.sock"});
    EXPECT_EQ(unreachable.code, exit_usage);
    EXPECT_THAT(unreachable.err, HasSubstr("Start beelined"));
}

TEST_F(Cli, OutputThatCannotBeWrittenIsAnError) {
    agent_.on("GET /v1/endpoints", endpoints);
    std::istringstream in;
    std::ofstream full("/dev/full");
    std::ostringstream err;
    Io io{.in = in,
          .out = full,
          .err = err,
          .env = [this](const char* name) { return env_[name]; },
          .now_ms = [] { return std::int64_t{0}; }};
    EXPECT_EQ(run({"endpoint", "list"}, io), exit_failed);
    EXPECT_EQ(err.str(), "beeline: the output could not be written\n");
}

TEST_F(Cli, NamesForTheCompletionAreOnePerLine) {
    agent_.on("GET /v1/endpoints", endpoints);
    agent_.on("GET /v1/services", R"([{"namespace":"demo","name":"web"}])");
    EXPECT_EQ(beeline({"__complete", "pods"}).out, "demo/web-1\n");
    EXPECT_EQ(beeline({"__complete", "services"}).out, "demo/web\n");
}

TEST(Process, FindsTheFirstExecutable) {
    EXPECT_EQ(find_program("sh", {"/nonexistent", "/bin"}).value(), "/bin/sh");
    EXPECT_FALSE(find_program("passwd", {"/etc"}));  // there, but not executable
    EXPECT_EQ(output_of("/bin/sh", {"-c", "echo out; echo err >&2; exit 3"}).value(), "out\n");
    EXPECT_FALSE(output_of("/nonexistent/x", {}));
}

}  // namespace
}  // namespace beeline::cli::testing
