#include "api/client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/serialize.hpp>

#include "api/client/events.h"
#include "api/client/target.h"
#include "api/client/testing/fake_agent.h"

namespace beeline::api::client {
namespace {

using ::testing::ElementsAre;
using testing::FakeAgent;
using ::testing::HasSubstr;
using testing::Reply;

Client client_of(const FakeAgent& agent) {
    return Client({.socket = agent.socket()});
}

TEST(Client, GetsWhatTheAgentAnswers) {
    FakeAgent agent;
    agent.on("GET /v1/status", R"({"node":"n1"})");
    const auto answer = client_of(agent).get("/v1/status");
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->at("node"), "n1");
}

TEST(Client, PostsJson) {
    FakeAgent agent;
    agent.on("POST /v1/endpoints", R"({"id":7})");
    EXPECT_TRUE(client_of(agent).post("/v1/endpoints", {{"pod", "default/a"}}));
    EXPECT_THAT(agent.requests(), ElementsAre(R"(POST /v1/endpoints {"pod":"default/a"})"));
}

TEST(Client, AnAnswerWithoutBodyIsNull) {
    FakeAgent agent;
    agent.on("DELETE /v1/endpoints/7", Reply{.raw = {"HTTP/1.1 204 No Content\r\n\r\n"}});
    const auto answer = client_of(agent).del("/v1/endpoints/7");
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_TRUE(answer->is_null());
}

TEST(Client, AnErrorOfTheAgentKeepsItsCodeMessageAndDetail) {
    FakeAgent agent;
    agent.on("GET /v1/maps", Reply{500, R"({"error":{"code":"kernel","message":"bl_flows4: EPERM","detail":"log"}})"});
    const auto answer = client_of(agent).get("/v1/maps");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::kernel);
    EXPECT_EQ(answer.error().what, "bl_flows4: EPERM");
    EXPECT_EQ(answer.error().detail, "log");
    EXPECT_FALSE(is_transport(answer.error()));
}

TEST(Client, AnErrorWithoutReasonNamesTheStatus) {
    FakeAgent agent;
    agent.on("GET /v1/maps", Reply{502, "bad gateway"});
    const auto answer = client_of(agent).get("/v1/maps");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().what, HasSubstr("502"));
}

TEST(Client, AMissingSocketSaysWhatToDo) {
    const auto answer = Client({.socket = "/nonexistent/beeline.sock"}).get("/v1/status");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, ENOENT);
    EXPECT_TRUE(is_transport(answer.error()));
    EXPECT_THAT(answer.error().what, HasSubstr("Start beelined"));
    EXPECT_THAT(answer.error().what, HasSubstr("BEELINE_SOCKET"));
}

TEST(Client, ASocketNobodyListensOnIsRefused) {
    FakeAgent agent;
    const auto path = agent.socket() + ".old";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::close(fd);
    const auto answer = Client({.socket = path}).get("/v1/status");
    ::unlink(path.c_str());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, ECONNREFUSED);
    EXPECT_THAT(answer.error().what, HasSubstr("nobody listens"));
}

TEST(Client, ASocketOfAnotherUserIsAPermissionError) {
    FakeAgent agent;
    ASSERT_EQ(::chmod(agent.socket().c_str(), 0), 0);
    const bool root = ::geteuid() == 0;  // who may open every socket: be nobody for a moment
    if (root) ASSERT_EQ(::seteuid(65534), 0);
    const auto answer = client_of(agent).get("/v1/status");
    if (root) ASSERT_EQ(::seteuid(0), 0);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, EACCES);
    EXPECT_THAT(answer.error().what, HasSubstr("run as root"));
}

TEST(Client, APathThatDoesNotFitASocketIsAnErrorNotACrash) {
    const auto answer = Client({.socket = "/" + std::string(200, 'x')}).get("/v1/status");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, ENAMETOOLONG);
}

TEST(Client, AnAgentThatDoesNotAnswerTimesOut) {
    FakeAgent agent;
    agent.on("GET /v1/status", Reply{.silent = true});
    const auto answer = Client({agent.socket(), std::chrono::milliseconds(50)}).get("/v1/status");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, ETIMEDOUT);
    EXPECT_THAT(answer.error().what, HasSubstr("did not answer GET /v1/status within 0.05 s"));
}

TEST(Client, AnAnswerCutShortIsAnError) {
    FakeAgent agent;
    agent.on("GET /v1/status", Reply{.raw = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"no"}});
    const auto answer = client_of(agent).get("/v1/status");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, ECONNRESET);
}

TEST(Client, SomethingElseOnTheSocketIsAnError) {
    FakeAgent agent;
    agent.on("GET /v1/status", Reply{.raw = {"220 mail.example ESMTP\r\n"}});
    agent.on("GET /v1/node", "plain words");
    for (const char* target : {"/v1/status", "/v1/node"}) {
        const auto answer = client_of(agent).get(target);
        ASSERT_FALSE(answer) << target;
        EXPECT_EQ(answer.error().sys, EPROTO) << answer.error().what;
    }
}

std::string chunk(const std::string& text) {
    char size[16];
    std::snprintf(static_cast<char*>(size), sizeof(size), "%zx\r\n", text.size());
    return static_cast<const char*>(size) + text + "\r\n";
}

const std::string stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Client, StreamsEventsUntilTheAgentEnds) {
    FakeAgent agent;
    agent.on("GET /v1/observe?follow=true",
             Reply{.raw = {stream_head, chunk(": hello\n\ndata: {\"n\":1}\n\nda"), chunk("ta: {\"n\":2}\n\n"),
                           chunk("event: lost\ndata: {\"lost\":3}\n\n"), "0\r\n\r\n"}});
    std::vector<std::string> seen;
    const auto result = client_of(agent).stream("/v1/observe?follow=true", [&](const StreamEvent& event) {
        seen.push_back(event.event + boost::json::serialize(event.data));
        return true;
    });
    EXPECT_TRUE(result) << result.error().what;
    EXPECT_THAT(seen, ElementsAre(R"({"n":1})", R"({"n":2})", R"(lost{"lost":3})"));
}

TEST(Client, AStreamEndsWhenTheCallbackHasEnoughOrTheAgentDies) {
    FakeAgent agent;
    agent.on("GET /v1/observe", Reply{.raw = {stream_head, chunk("data: 1\n\ndata: 2\n\n")}});
    for (const int enough : {1, 100}) {
        int seen = 0;
        EXPECT_TRUE(client_of(agent).stream("/v1/observe", [&](const StreamEvent&) { return ++seen < enough; }));
        EXPECT_EQ(seen, std::min(enough, 2));
    }
}

TEST(Client, AStreamThatIsRefusedIsAnError) {
    FakeAgent agent;
    agent.on("GET /v1/observe?port=0", Reply{400, R"({"error":{"code":"invalid","message":"port 0"}})"});
    const auto result = client_of(agent).stream("/v1/observe?port=0", [](const StreamEvent&) { return true; });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::invalid);
}

TEST(EventDecoder, TakesBytesInPiecesOfAnySize) {
    const std::string text = "event: lost\r\ndata: {\ndata: }\nid: 4\n\n:\n\ndata:x\n\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        EventDecoder decoder;
        std::vector<std::string> seen;
        for (std::size_t at = 0; at < text.size(); at += piece)
            for (const auto& event : decoder.feed(std::string_view(text).substr(at, piece)))
                seen.push_back(event.event + "|" + event.data);
        EXPECT_THAT(seen, ElementsAre("lost|{\n}", "|x")) << "pieces of " << piece;
    }
}

TEST(Target, EncodesWhatDoesNotBelongIntoAPath) {
    EXPECT_EQ(target({"v1", "services", "default", "web"}), "/v1/services/default/web");
    EXPECT_EQ(target({"v1", "services", "a b", "c/d?e"}), "/v1/services/a%20b/c%2Fd%3Fe");
    EXPECT_EQ(target({"v1", "flows"}, {{"addr", "fd00::/64"}, {"port", ""}, {"proto", "TCP"}}),
              "/v1/flows?addr=fd00::/64&proto=TCP");
    EXPECT_EQ(target({"v1", "flows"}, {{"addr", "a&b=c#d"}}), "/v1/flows?addr=a%26b=c%23d");
}

}  // namespace
}  // namespace beeline::api::client
