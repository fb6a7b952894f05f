// The command tree: help, completion, the reference page, and arguments that are wrong.
#include "apps/cli/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "apps/cli/process.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Parsed parsed(std::vector<std::string> args) {
    Globals globals;
    const auto verbs = make_verbs();
    auto out = Parser(verbs, globals).parse(std::move(args));
    out.verb = nullptr;  // gone with the verbs
    return out;
}

Command tree() {
    Globals globals;
    const auto verbs = make_verbs();
    return Parser(verbs, globals).tree();
}

void each(const Command& command, const std::function<void(const Command&)>& visit) {
    visit(command);
    for (const auto& inner : command.commands)
        each(inner, visit);
}

TEST(Parser, OptionsOfEveryCommandMayStandAnywhere) {
    Globals globals;
    const auto verbs = make_verbs();
    Parser parser(verbs, globals);
    const auto out = parser.parse({"--color", "never", "endpoint", "-o", "JSON", "list", "--socket", "/x"});
    ASSERT_NE(out.verb, nullptr) << out.error;
    EXPECT_EQ(out.verb->spec().path, "endpoint list");
    EXPECT_EQ(globals.output, "json");
    EXPECT_EQ(globals.color, "never");
    EXPECT_EQ(globals.socket, "/x");
}

TEST(Parser, AWordThatIsAlsoACommandIsStillAnArgument) {
    Globals globals;
    const auto verbs = make_verbs();
    Parser parser(verbs, globals);
    const auto out = parser.parse({"service", "get", "status"});
    ASSERT_NE(out.verb, nullptr) << out.error;
    EXPECT_EQ(out.verb->spec().path, "service get");
}

TEST(Parser, WrongArgumentsAreNamed) {
    const std::pair<std::vector<std::string>, const char*> rows[] = {
        {{}, "a command is missing: status, endpoint"},
        {{"endpoint"}, "beeline endpoint: a command is missing: add, list, get, delete"},
        {{"endpont"}, "beeline: there is no command 'endpont'"},
        {{"endpoint", "lst"}, "beeline endpoint: there is no command 'lst'"},
        {{"status", "now"}, "beeline status: unexpected argument 'now'"},
        {{"status", "--wrong"}, "beeline status: unexpected argument '--wrong'"},
        {{"service", "get"}, "is required"},
        {{"observe", "--port", "http"}, "--port"},
        {{"observe", "--verdict", "maybe"}, "'maybe' is none of forwarded, dropped"},
        {{"status", "--timeout", "0"}, "--timeout"},
    };
    for (const auto& [args, text] : rows) {
        const auto out = parsed(args);
        EXPECT_THAT(out.error, HasSubstr(text)) << ::testing::PrintToString(args);
        EXPECT_THAT(out.error, HasSubstr("--help'"));
    }
}

TEST(Help, EveryCommandHasSynopsisExamplesAndExitStatus) {
    const auto root = tree();
    each(root, [&](const Command& command) {
        EXPECT_FALSE(command.summary.empty()) << command.path;
        const auto text = help_text(command, root);
        for (const char* title : {"NAME\n", "\nSYNOPSIS\n", "\nEXAMPLES\n", "\nEXIT STATUS\n"})
            EXPECT_THAT(text, HasSubstr(title)) << command.path;
        for (const auto& option : command.options)
            EXPECT_FALSE(option.help.empty()) << command.path << " " << option.names.back();
    });
}

TEST(Help, ComesFromTheOptionAndFromTheWord) {
    for (const auto& args : {std::vector<std::string>{"endpoint", "add", "--help"}, {"help", "endpoint", "add"}}) {
        const auto out = parsed(args);
        EXPECT_THAT(out.text, HasSubstr("beeline endpoint add --netns NAME|PATH|PID --pod NAMESPACE/NAME [OPTION]..."));
        EXPECT_THAT(out.text, HasSubstr("\nOPTIONS OF EVERY COMMAND\n"));
    }
    EXPECT_THAT(parsed({"--help"}).text, HasSubstr("\nENVIRONMENT\n"));
    EXPECT_THAT(parsed({"--help"}).text, Not(HasSubstr("__complete")));
    EXPECT_THAT(parsed({"--version"}).text, HasSubstr("beeline "));
}

TEST(Help, FitsATerminalOf80ColumnsExceptExamples) {
    const auto root = tree();
    each(root, [&](const Command& command) {
        auto text = help_text(command, root);
        text.resize(text.find("\nEXAMPLES\n"));
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);)
            EXPECT_TRUE(line.size() <= 80 || line.contains(" - ")) << command.path << ": " << line;
    });
}

// What bash offers for a line, one word each.
std::string offered(const std::string& line) {
    const auto script = std::filesystem::temp_directory_path() / ("beeline-completion-" + std::to_string(::getpid()));
    std::ofstream(script) << completion_text(tree());
    const auto out = output_of("/bin/bash", {"-c", "source " + script.string() + "; COMP_WORDS=(" + line +
                                                       "); COMP_CWORD=$((${#COMP_WORDS[@]}-1));"
                                                       " _beeline; echo \"${COMPREPLY[@]}\""});
    std::filesystem::remove(script);
    return out.value_or("bash failed");
}

TEST(Completion, IsBash) {
    const auto script = std::filesystem::temp_directory_path() / ("beeline-syntax-" + std::to_string(::getpid()));
    std::ofstream(script) << completion_text(tree());
    const auto out = output_of("/bin/bash", {"-c", "bash -n " + script.string() + " && echo fine"});
    std::filesystem::remove(script);
    EXPECT_EQ(out.value(), "fine\n");
}

TEST(Completion, OffersCommandsOptionsAndValues) {
    const std::pair<const char*, const char*> rows[] = {
        {"beeline en", "endpoint\n"},
        {"beeline endpoint ''", "add list get delete\n"},
        {"beeline -o json endpoint l", "list\n"},
        {"beeline endpoint add --l", "--label\n"},
        {"beeline status --co", "--color\n"},
        {"beeline status -o ''", "table json yaml\n"},
        {"beeline status --output = y", "yaml\n"},
        {"beeline observe --verdict d", "dropped\n"},
        {"beeline dump ''", "snapshot plan maps diff\n"},
        {"beeline completion ''", "bash\n"},
        {"beeline __", "\n"},
    };
    for (const auto& [line, words] : rows)
        EXPECT_EQ(offered(line), words) << line;
}

TEST(Completion, AsksForNames) {
    // The first word is the program that is asked.
    EXPECT_EQ(offered("echo endpoint get ''"), "--timeout 1 __complete pods\n");
    EXPECT_EQ(offered("echo service get ''"), "--timeout 1 __complete services\n");
    EXPECT_EQ(offered("echo observe --pod ''"), "--timeout 1 __complete pods\n");
}

TEST(Reference, ThePageInDocsIsWhatTheProgramSays) {
    std::ifstream file("docs/cli/reference.md");
    ASSERT_TRUE(file) << "run in the root of the repository";
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    EXPECT_TRUE(page == reference_text(tree())) << "make it anew: beeline __reference > docs/cli/reference.md";
}

}  // namespace
}  // namespace beeline::cli
