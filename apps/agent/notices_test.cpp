#include "apps/agent/notices.h"

#include <gtest/gtest.h>

namespace beeline::agent {
namespace {

TEST(Notices, EveryTroubleIsToldOnceWhenItComesAndOnceWhenItGoes) {
    std::vector<std::string> log;
    Notices notices([&](auto& line) { log.push_back("+ " + line); }, [&](auto& line) { log.push_back("- " + line); });
    const model::Problem problem{"web.yaml", 3, "kind", "", "is missing", {}};
    plan::Status status;
    status.endpoints[{7}].error = "no room";
    notices.update({problem}, status);
    notices.update({problem}, status);
    EXPECT_EQ(log, (std::vector<std::string>{"+ endpoint 7: no room", "+ refused: web.yaml:3: kind: is missing"}));
    log.clear();
    status.endpoints.clear();
    status.errors = {"eth0: no such device"};
    status.frontends[{*parse_addr("10.96.0.1"), {80}, Proto::tcp}].error = "full";
    notices.update({problem}, status);
    EXPECT_EQ(log, (std::vector<std::string>{"+ eth0: no such device", "+ frontend 10.96.0.1 TCP 80: full",
                                             "- endpoint 7: no room"}));
}

}  // namespace
}  // namespace beeline::agent
