#include "source/file/readings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace beeline::source::file {
namespace {

namespace fs = std::filesystem;

bool same(const ParsedFile& a, const ParsedFile& b) {
    return a.objects == b.objects && a.problems == b.problems && a.ignored == b.ignored && a.documents == b.documents;
}

class ReadingsTest : public testing::Test {
protected:
    ReadingsTest() {
        std::string pattern = testing::TempDir() + "beeline-readings-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~ReadingsTest() override { fs::remove_all(path_); }

    Wanted wanted(const std::string& name, const std::string& content) const {
        std::ofstream(path_ + "/" + name) << content;
        return {name};
    }
    static std::string slice(const std::string& name) {
        return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " + name +
               "}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints: [{addresses: [10.0.0.1]}]\n";
    }
    // Every kind of file there can be, among many that are well.
    std::vector<Wanted> hundreds() const {
        std::vector<Wanted> names;
        for (int i = 0; i < 300; i++) {
            const std::string n = std::to_string(i);
            names.push_back(wanted("slice" + n + ".yaml", slice("s" + n)));
            if (i % 10 == 0) names.push_back(wanted("broken" + n + ".yaml", "kind: ["));
            if (i % 20 == 0) names.push_back(wanted("wrong" + n + ".yaml", "kind: Pod\n"));
            if (i % 30 == 0)
                names.push_back(wanted("surrogates" + n + ".json", R"({"kind": "\ud83d\ude00", "apiVersion": "v1"})"));
            if (i % 50 == 0) names.push_back({"missing" + n + ".yaml"});
        }
        fs::create_directory(path_ + "/directory.yaml");
        names.push_back({"directory.yaml"});
        return names;
    }

    std::string path_;
};

TEST_F(ReadingsTest, many_at_once_say_what_each_says_alone) {
    const std::vector<Wanted> names = hundreds();
    const auto together = read_manifests(path_, names);
    ASSERT_EQ(together.size(), names.size());
    for (std::size_t i = 0; i < names.size(); i++) {
        const auto alone = read_manifests(path_, {names[i]});
        EXPECT_EQ(together[i].hash, alone[0].hash) << names[i].name;
        EXPECT_TRUE(same(together[i].parsed, alone[0].parsed)) << names[i].name;
        EXPECT_EQ(together[i].hash.has_value(), !names[i].name.starts_with("missing")) << names[i].name;
    }
}

TEST_F(ReadingsTest, what_is_known_is_not_parsed_again) {
    std::vector<Wanted> names = hundreds();
    const auto first = read_manifests(path_, names);
    for (std::size_t i = 0; i < names.size(); i++)
        names[i].known = first[i].hash;
    (void)wanted("slice7.yaml", slice("other"));
    const auto second = read_manifests(path_, names);
    for (std::size_t i = 0; i < names.size(); i++) {
        const bool changed = names[i].name == "slice7.yaml";
        EXPECT_EQ(second[i].hash != first[i].hash, changed) << names[i].name;
        EXPECT_EQ(same(second[i].parsed, {}), !changed) << names[i].name;
    }
}

}  // namespace
}  // namespace beeline::source::file
