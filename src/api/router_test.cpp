#include "api/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace beeline::api {
namespace {

Router sample() {
    Router router;
    const auto echo = [](const char* what) {
        return [what](const Request& request) -> Result<Response> {
            std::string text = what;
            for (const auto& [name, value] : request.captures)
                text += " " + name + "=" + value;
            return Response{.body = text};
        };
    };
    router.add_sync(Method::get, "/v1/endpoints", echo("list"));
    router.add_sync(Method::post, "/v1/endpoints", echo("post"));
    router.add_sync(Method::get, "/v1/endpoints/{id}", echo("one"));
    router.add_sync(Method::get, "/v1/services/{namespace}/{name}", echo("service"));
    router.add_sync(Method::get, "/v1/bad",
                    [](const Request&) -> Result<Response> { return fail(Errc::exhausted, "no address left"); });
    router.add_sync(Method::get, "/v1/bug", [](const Request&) -> Result<Response> { throw std::runtime_error("x"); });
    return router;
}

TEST(Router, FindsTheHandlerOrSaysWhyNot) {
    struct Row {
        const char* sentence;
        Method method;
        const char* target;
        int status;
        const char* body;
    };
    const Row rows[] = {
        {"a path", Method::get, "/v1/endpoints", 200, "list"},
        {"the same path, another method", Method::post, "/v1/endpoints", 200, "post"},
        {"a captured segment", Method::get, "/v1/endpoints/7", 200, "one id=7"},
        {"two captured segments", Method::get, "/v1/services/default/web", 200, "service name=web namespace=default"},
        {"an encoded segment is decoded", Method::get, "/v1/endpoints/a%20b", 200, "one id=a b"},
        {"a query does not matter", Method::get, "/v1/endpoints?pod=a/b", 200, "list"},
        {"an unknown path", Method::get, "/v2", 404, R"({"error":{"code":"not_found","message":"there is no /v2"}})"},
        {"a segment too many", Method::get, "/v1/endpoints/7/x", 404,
         R"({"error":{"code":"not_found","message":"there is no /v1/endpoints/7/x"}})"},
        {"a wrong method", Method::delete_, "/v1/endpoints", 405,
         R"({"error":{"code":"unsupported","message":"/v1/endpoints understands GET, POST only"}})"},
        {"an error of the handler", Method::get, "/v1/bad", 507,
         R"({"error":{"code":"exhausted","message":"no address left"}})"},
        {"a bug of the handler", Method::get, "/v1/bug", 500,
         R"({"error":{"code":"io","message":"internal error: x"}})"},
    };
    const Router router = sample();
    for (const Row& row : rows) {
        const auto request = parse_target(row.method, row.target);
        ASSERT_TRUE(request) << row.sentence;
        int answers = 0;
        router.handle(*request, [&](const Response& response) {
            answers++;
            EXPECT_EQ(response.status, row.status) << row.sentence;
            EXPECT_EQ(response.body, row.body) << row.sentence;
            EXPECT_EQ(response.allow, row.status == 405 ? "GET, POST" : "") << row.sentence;
        });
        EXPECT_EQ(answers, 1) << row.sentence;
    }
}

TEST(ParseTarget, RefusesWhatIsNoTarget) {
    for (const char* bad : {"", "v1/status", "/v1/%zz", "/v1/flows?port=1&port=2"})
        EXPECT_FALSE(parse_target(Method::get, bad)) << bad;
}

TEST(ParseTarget, DecodesQueryParameters) {
    const auto request = parse_target(Method::get, "/v1/flows?addr=fd00%3A%3A1%2F64&empty=");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->path, "/v1/flows");
    EXPECT_EQ(request->query.at("addr"), "fd00::1/64");
    EXPECT_EQ(request->query.at("empty"), "");
}

TEST(ErrorResponse, EveryCodeHasItsStatus) {
    struct Row {
        Errc code;
        int status;
    };
    for (const Row& row : {Row{Errc::invalid, 400}, Row{Errc::not_found, 404}, Row{Errc::exists, 409},
                           Row{Errc::conflict, 409}, Row{Errc::exhausted, 507}, Row{Errc::io, 500},
                           Row{Errc::kernel, 500}, Row{Errc::unsupported, 501}, Row{Errc::unavailable, 503}})
        EXPECT_EQ(error_response(Error{row.code, ""}).status, row.status) << errc_name(row.code);
}

TEST(ErrorResponse, CarriesTheLongTextToo) {
    EXPECT_EQ(error_response(Error{Errc::kernel, "load", 22, "verifier says"}).body,
              R"({"error":{"code":"kernel","message":"load","detail":"verifier says"}})");
}

}  // namespace
}  // namespace beeline::api
