// Runs every folder beside this file; README.md says what stands in them. Works from the root of the tree.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "compile/compile.h"
#include "source/file/parse.h"
#include "store/store.h"

namespace beeline {
namespace {

namespace fs = std::filesystem;

const fs::path root = "tests/scenario";

std::string read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> result;
    for (const auto& entry : fs::directory_iterator(folder))
        result.push_back(entry.path());
    std::ranges::sort(result);
    return result;
}

std::vector<Prefix> prefixes(const std::string& list) {
    std::vector<Prefix> result;
    std::istringstream words(list);
    for (std::string word; std::getline(words, word, ',');)
        result.push_back(parse_prefix(word).value());
    return result;
}

struct Setup {
    struct Container {
        store::EndpointRequest request;
        bool up = true;
    };
    model::NodeConfig node;
    std::vector<Container> containers;
};

void read_node(const std::string& word, model::NodeConfig& node) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    if (key == "service-cidrs") node.service_cidrs = prefixes(value);
    if (key == "pod-cidrs") node.pod_cidrs = prefixes(value);
    if (key == "unmasked") node.unmasked = prefixes(value);
    if (key == "algorithm") node.algorithm = value == "maglev" ? model::Algorithm::maglev : model::Algorithm::random;
    if (key == "node-ports") node.node_port_addresses = prefixes(value);
}

Setup::Container read_container(const std::vector<std::string>& words) {
    Setup::Container result;
    result.request.pod = model::parse_name(words.at(1)).value();
    result.request.netns = fmt::format("/run/netns/{}-{}", result.request.pod.ns, result.request.pod.name);
    for (const std::string& word : std::vector(words.begin() + 2, words.end())) {
        const auto equals = word.find('=');
        if (word == "down") {
            result.up = false;
        } else {
            result.request.labels[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
    return result;
}

Setup read_setup(const fs::path& path) {
    Setup setup;
    setup.node.name = "node-1";
    setup.node.pod_cidrs = prefixes("10.244.1.0/24,fd44:1::/64");
    setup.node.service_cidrs = prefixes("10.96.0.0/20,fd96::/112");
    std::istringstream lines(read(path));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream text(line.substr(0, line.find('#')));
        const std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
        if (words.empty()) continue;
        if (words[0] == "pod") setup.containers.push_back(read_container(words));
        if (words[0] == "node")
            for (const std::string& word : words)
                read_node(word, setup.node);
    }
    for (const Prefix& prefix : setup.node.pod_cidrs)
        setup.node.routers.push_back(prefix.at(1));
    return setup;
}

std::string labels_text(const model::IdentityLabels& labels) {
    std::string text = labels.ns;
    for (const auto& [key, value] : labels.labels)
        text += fmt::format(" {}={}", key, value);
    return text;
}

// The rules of one direction of a policy that stand in the rows.
std::string rules_text(const model::NetworkPolicy& policy, bool egress, const std::string& rows) {
    const model::Name name{policy.meta.ns, policy.meta.name};
    std::string text;
    for (unsigned i = 0; i < (egress ? policy.egress : policy.ingress).size(); ++i) {
        const std::string rule = fmt::format("{:08x}", model::rule_id(name, egress, i).value);
        if (rows.find("rule=" + rule) != rows.npos)
            text += fmt::format("# rule {}: {} {}[{}]\n", rule, to_string(name), egress ? "egress" : "ingress", i);
    }
    return text;
}

// What the hashes and numbers in the rows stand for.
std::string legend(const model::Snapshot& snapshot, const std::string& rows) {
    std::map<IdentityId, std::string> identities;
    for (const auto& [labels, id] : snapshot.identities)
        identities.emplace(id, labels_text(labels));
    std::string text;
    for (const auto& [id, labels] : identities)
        text += fmt::format("# identity {}: {}\n", id.value, labels);
    for (const auto& [name, policy] : snapshot.policies)
        text += rules_text(*policy, false, rows) + rules_text(*policy, true, rows);
    return text;
}

std::string run(const fs::path& folder) {
    const Setup setup = read_setup(folder / "endpoints.txt");
    store::Store store(setup.node);
    std::vector<store::FileEdit> edits;
    for (const fs::path& path : entries(folder)) {
        if (path.extension() != ".yaml") continue;
        auto parsed = source::file::parse_manifests(read(path), path.filename());
        edits.push_back({path.filename(), std::move(parsed.objects), std::move(parsed.problems), false});
    }
    store.apply(std::move(edits));
    std::set<EndpointId> up;
    std::string text;
    for (const Setup::Container& container : setup.containers) {
        const auto endpoint = store.add_endpoint(container.request);
        if (!endpoint) text += fmt::format("endpoint refused: {}\n", endpoint.error().what);
        if (endpoint && container.up) up.insert(endpoint->id);
    }
    store.set_up(up);
    const auto snapshot = store.current();
    text += plan::to_text(compile::compile(*snapshot));
    for (const auto& problem : store.problems())
        text += fmt::format("problem {}\n", to_string(problem));
    for (const auto& [name, policy] : snapshot->policies)
        for (const std::string& limit : policy->limits)
            text += fmt::format("limit {}: {}\n", to_string(name), limit);
    return text + legend(*snapshot, text);
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, compiles_to_the_expected_rows) {
    const fs::path folder = root / GetParam();
    const std::string rows = run(folder);
    if (std::getenv("BLESS") != nullptr) std::ofstream(folder / "expected.txt") << rows;
    EXPECT_EQ(rows, read(folder / "expected.txt")) << "BLESS=1 rewrites " << (folder / "expected.txt").string();
}

std::vector<std::string> scenarios() {
    std::vector<std::string> names;
    if (fs::is_directory(root))
        for (const fs::path& path : entries(root))
            if (fs::is_directory(path)) names.push_back(path.filename());
    return names;
}

// GoogleTest takes no dashes in names.
std::string test_name(const testing::TestParamInfo<std::string>& row) {
    std::string name = row.param;
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Tests, Scenario, testing::ValuesIn(scenarios()), test_name);

TEST(Scenarios, are_found) {
    EXPECT_GE(scenarios().size(), 25U) << "run from the root of the tree";
}

}  // namespace
}  // namespace beeline
