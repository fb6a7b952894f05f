// Tables, times, sizes, JSON and YAML text, names, flow lines: pure text, no agent.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "apps/cli/flow_text.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/table.h"
#include "apps/cli/time_text.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

std::string printed(const auto& what, bool color = false) {
    std::ostringstream out;
    what.print(out, color);
    return out.str();
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
    Table table({"ID", "POD", "STATE"});
    table.row({"1", "demo/a-long-name", "up"});
    table.row({"65535", "demo/b"});
    EXPECT_EQ(printed(table),
              "ID     POD               STATE\n"
              "1      demo/a-long-name  up\n"
              "65535  demo/b            -\n");
}

TEST(Table, ColourDoesNotMoveColumns) {
    Table table({"STATE", "POD"});
    table.row({{"up", Tone::good}, "a"});
    EXPECT_EQ(printed(table, true), "STATE  POD\n\033[32mup\033[0m     a\n");
    EXPECT_EQ(printed(table, false), "STATE  POD\nup     a\n");
}

TEST(Table, WidthCountsCodePointsNotBytes) {
    Table table({"A", "B"});
    table.row({"größe", "x"});
    EXPECT_EQ(printed(table), "A      B\ngröße  x\n");
}

TEST(Table, WithoutRowsItSaysSo) {
    EXPECT_EQ(printed(Table({"ID"}).none_are("endpoints")), "No endpoints.\n");
}

TEST(Details, AlignsValuesAndLeavesOutEmptyOnes) {
    Details details;
    details.add("Node", "n1");
    details.add("Something longer", "");
    details.add("Version", "1");
    EXPECT_EQ(printed(details), "Node:     n1\nVersion:  1\n");
}

TEST(Duration, IsPrintedAsKubectlDoes) {
    constexpr std::int64_t minute = 60, hour = 3600, day = 86400, year = 365 * day;
    const std::pair<std::int64_t, const char*> rows[] = {
        {-5, "0s"},
        {0, "0s"},
        {119, "119s"},
        {2 * minute, "2m"},
        {3 * minute + 20, "3m20s"},
        {10 * minute, "10m"},
        {179 * minute + 59, "179m"},
        {3 * hour, "3h"},
        {5 * hour + 12 * minute, "5h12m"},
        {8 * hour, "8h"},
        {47 * hour, "47h"},
        {2 * day, "2d"},
        {3 * day + 4 * hour, "3d4h"},
        {8 * day, "8d"},
        {2 * year - 1, "729d"},
        {2 * year + 20 * day, "2y20d"},
        {9 * year, "9y"},
    };
    for (const auto& [seconds, text] : rows)
        EXPECT_EQ(duration_text(seconds), text) << seconds;
}

TEST(Age, OfAnUnknownTimeIsADash) {
    EXPECT_EQ(age_text(1'000'000, 0), "-");
    EXPECT_EQ(age_text(1'000'000, 910'000), "90s");
}

TEST(Clock, IsTheLocalTimeOfDayWithMilliseconds) {
    ::setenv("TZ", "UTC-2", 1);
    ::tzset();
    EXPECT_EQ(clock_text("2025-11-22T10:41:07.123456789Z"), "12:41:07.123");
    EXPECT_EQ(clock_text("2025-11-22T23:41:07Z"), "01:41:07.000");
    EXPECT_EQ(clock_text("2025-11-22T23:41:07.5Z"), "01:41:07.500");
    ::unsetenv("TZ");
    ::tzset();
    EXPECT_EQ(clock_text("yesterday"), "yesterday");
    EXPECT_EQ(clock_text("2025-11-22T10:41:07+01:00"), "2025-11-22T10:41:07+01:00");
}

TEST(Counted, KnowsOneFromMany) {
    EXPECT_EQ(counted(0, "file", "files"), "0 files");
    EXPECT_EQ(counted(1, "file", "files"), "1 file");
}

TEST(Size, UsesBinaryUnits) {
    EXPECT_EQ(size_text(512), "512 B");
    EXPECT_EQ(size_text(1536), "1.5 KiB");
    EXPECT_EQ(size_text(std::uint64_t{64} << 20), "64.0 MiB");
}

TEST(JsonText, IsIndentedAndStaysTheSameValue) {
    const auto value = json::parse(R"({"a":[1,{"b":"x\n\"y"}],"empty":[],"none":{},"half":0.5,"no":null,"t":true})");
    const auto text = to_json_text(value);
    EXPECT_EQ(
        text,
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\n\\\"y\"\n    }\n  ],\n  \"empty\": [],\n  \"none\": {},\n"
        "  \"half\": 0.5,\n  \"no\": null,\n  \"t\": true\n}\n");
    EXPECT_EQ(json::parse(text), value);
}

TEST(YamlText, IsBlockStyleWithoutMarkers) {
    EXPECT_EQ(
        to_yaml_text(json::parse(R"({"pod":"demo/a","ports":[80,{"name":"http"}],"none":[],"nil":{},"half":0.5})")),
        "pod: demo/a\nports:\n- 80\n- name: http\nnone: []\nnil: {}\nhalf: 0.5\n");
}

TEST(YamlText, StringsThatWouldBeSomethingElseAreQuoted) {
    const std::pair<const char*, const char*> rows[] = {
        {R"("")", "\"\"\n"},
        {R"("true")", "\"true\"\n"},
        {R"("No")", "\"No\"\n"},
        {R"("~")", "\"~\"\n"},
        {R"("0123")", "\"0123\"\n"},
        {R"("1e3")", "\"1e3\"\n"},
        {R"("12:30")", "\"12:30\"\n"},
        {R"("2025-11-22")", "\"2025-11-22\"\n"},
        {R"(".5")", "\".5\"\n"},
        {R"("-")", "\"-\"\n"},
        {R"("10.244.1.2")", "10.244.1.2\n"},
        {R"("web: x")", "'web: x'\n"},
        {R"("web")", "web\n"},
        {R"(true)", "true\n"},
        {R"(7)", "7\n"},
    };
    for (const auto& [value, text] : rows)
        EXPECT_EQ(to_yaml_text(json::parse(value)), text) << value;
}

TEST(YamlText, SeveralLinesAreALiteralBlock) {
    EXPECT_EQ(to_yaml_text(json::parse(R"({"text":"+ a\n- b\n"})")), "text: |\n  + a\n  - b\n");
}

TEST(Fields, OfAnotherTypeOrMissingAreEmpty) {
    const auto value = json::parse(R"({"a":{"b":7,"l":["x","y"]},"s":"t","on":true,"r":1.5,"lab":{"z":"1","a":"2"}})");
    EXPECT_EQ(text_at(value, "a.b"), "7");
    EXPECT_EQ(text_at(value, "a.c"), "");
    EXPECT_EQ(text_at(value, "s.b"), "");
    EXPECT_EQ(text_at(value, "a"), "");
    EXPECT_EQ(number_at(value, "a.b"), 7);
    EXPECT_EQ(number_at(value, "s"), 0);
    EXPECT_DOUBLE_EQ(real_at(value, "r"), 1.5);
    EXPECT_TRUE(bool_at(value, "on"));
    EXPECT_FALSE(bool_at(value, "s"));
    EXPECT_TRUE(list_at(value, "s").empty());
    EXPECT_EQ(joined_at(value, "a.l"), "x, y");
    EXPECT_EQ(labels_at(value, "lab"), "a=2,z=1");
    EXPECT_TRUE(has(value, "a.b"));
    EXPECT_FALSE(has(value, "a.b.c"));
}

TEST(Netns, NameProcessOrPath) {
    EXPECT_EQ(netns_path("web-1").value(), "/var/run/netns/web-1");
    EXPECT_EQ(netns_path("4711").value(), "/proc/4711/ns/net");
    EXPECT_EQ(netns_path("/run/docker/netns/ab12").value(), "/run/docker/netns/ab12");
    EXPECT_EQ(netns_path("./x/../ns").value(), (std::filesystem::current_path() / "ns").string());
    EXPECT_EQ(netns_path("4711x").value(), "/var/run/netns/4711x");
    for (const char* bad : {"", ".", ".."})
        EXPECT_FALSE(netns_path(bad)) << bad;
}

TEST(ObjectName, HasTheDefaultNamespace) {
    EXPECT_EQ(object_name("web")->ns, "default");
    EXPECT_EQ(object_name("demo/web")->ns, "demo");
    EXPECT_EQ(object_name("demo/web")->name, "web");
    for (const char* bad : {"", "/", "a/", "/a", "a/b/c"})
        EXPECT_FALSE(object_name(bad)) << bad;
}

TEST(AddrPort, BracketsIpv6) {
    EXPECT_EQ(addr_port("10.0.0.1", 80), "10.0.0.1:80");
    EXPECT_EQ(addr_port("fd00::1", 80), "[fd00::1]:80");
    EXPECT_EQ(addr_port("fd00::1", 0), "fd00::1");
}

const char* forwarded = R"({"time":"2025-11-22T10:42:01.123456789Z","verdict":"forwarded","reason":"forwarded",
    "reason_text":"forwarded","protocol":"TCP","rule":"NetworkPolicy demo/allow ingress[0]",
    "source":{"name":"demo/client","addr":"10.244.1.2","port":41234},
    "destination":{"name":"demo/web-1","addr":"10.244.1.3","port":8080},
    "service":{"name":"demo/web","addr":"10.96.0.10","port":80}})";
const char* dropped = R"({"time":"2025-11-22T10:42:02.000Z","verdict":"dropped","reason":"policy_denied_ingress",
    "reason_text":"no rule allows it","protocol":"ICMPv6","redecided":true,"suppressed":12,
    "source":{"name":"world","addr":"fd00::1"},"destination":{"name":"demo/web-1","addr":"fd00::3","port":8080}})";

TEST(FlowLines, SayWhoWhatAndWhyInAlignedColumns) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    FlowLines lines;
    lines.fit(json::parse(forwarded));
    lines.fit(json::parse(dropped));
    EXPECT_EQ(lines.line(json::parse(forwarded), false),
              "10:42:01.123 demo/client (10.244.1.2:41234) -> demo/web-1 (10.244.1.3:8080) TCP    "
              "FORWARDED NetworkPolicy demo/allow ingress[0], via demo/web 10.96.0.10:80");
    EXPECT_EQ(lines.line(json::parse(dropped), false),
              "10:42:02.000 world (fd00::1)                -> demo/web-1 ([fd00::3]:8080)  ICMPv6 "
              "DROPPED   policy_denied_ingress: no rule allows it (decided anew) (+12 not shown)");
    ::unsetenv("TZ");
    ::tzset();
}

TEST(FlowLines, SayNothingTwice) {
    const std::string head = R"({"time":"?","protocol":"TCP","source":{"name":"demo/c","addr":"1.2.3.4","port":1},)";
    const struct {
        const char* sentence;
        std::string record;
        const char* line;
    } rows[] = {
        {"a default deny: the rule says what the reason means",
         head + R"("verdict":"dropped","reason":"policy_denied_ingress","reason_text":"no rule allows it",
            "rule":"default deny: isolated by NetworkPolicy demo/deny","destination":{"name":"demo/w","addr":"1.2.3.5",
            "port":2}})",
         "? demo/c (1.2.3.4:1) -> demo/w (1.2.3.5:2) TCP DROPPED   policy_denied_ingress, default deny: isolated by "
         "NetworkPolicy demo/deny"},
        {"refused at the service, which is the destination",
         head + R"("verdict":"dropped","reason":"no_backend","reason_text":"no endpoint is up","destination":{"name":
            "demo/web","addr":"10.96.0.10","port":80},"service":{"name":"demo/web","addr":"10.96.0.10","port":80}})",
         "? demo/c (1.2.3.4:1) -> demo/web (10.96.0.10:80) TCP DROPPED   no_backend: no endpoint is up"},
        {"somebody nobody knows is an address",
         head +
             R"("verdict":"dropped","reason":"no_service","reason_text":"no such port","destination":{"name":"unknown",
            "addr":"10.96.0.10","port":81},"service":{"name":"","addr":"10.96.0.10","port":81}})",
         "? demo/c (1.2.3.4:1) -> 10.96.0.10:81 TCP DROPPED   no_service: no such port"},
        {"handed on, no rule",
         head + R"("verdict":"forwarded","reason":"to_stack","reason_text":"handed to the host's network stack",
            "destination":{"name":"host","addr":"1.2.3.1","port":2}})",
         "? demo/c (1.2.3.4:1) -> host (1.2.3.1:2) TCP FORWARDED to_stack: handed to the host's network stack"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(FlowLines().line(json::parse(row.record), false), row.line) << row.sentence;
}

TEST(FlowLines, OfPlainForwardingEndWithTheVerdict) {
    FlowLines lines;
    const std::string plain = R"({"time":"?","verdict":"forwarded","reason":"forwarded","protocol":"UDP",
        "source":{"name":"a","addr":"1.2.3.4","port":1},"destination":{"name":"b","addr":"1.2.3.5","port":2})";
    EXPECT_EQ(lines.line(json::parse(plain + "}"), true),
              "? a (1.2.3.4:1) -> b (1.2.3.5:2) UDP \033[32mFORWARDED\033[0m");
    EXPECT_EQ(lines.line(json::parse(plain + R"(,"redecided":true,"service":{"name":"c","addr":"1.2.3.9","port":3}})"),
                         false),
              "? a (1.2.3.4:1) -> b (1.2.3.5:2) UDP FORWARDED via c 1.2.3.9:3 (decided anew)");
}

TEST(FlowLines, ARecordThatIsNoneDoesNotCrash) {
    FlowLines lines;
    EXPECT_EQ(lines.line(json::parse("7"), false), "");
    EXPECT_NE(lines.line(json::parse("{}"), false), "");
}

}  // namespace
}  // namespace beeline::cli
