#include "api/health.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "api/fake_test.h"
#include "base/time.h"

namespace beeline::api {
namespace {

class HealthTest : public testing::Test {
protected:
    Health health_{{.io = io(), .context = node_.context, .patience_ms = 60'000}};
    static boost::asio::io_context& io() {
        static boost::asio::io_context context;
        return context;
    }
    void plan(std::map<Port, plan::HealthCheck> checks, bool leaving = false) {
        auto next = std::make_shared<plan::Plan>(*node_.plan);
        next->health_checks = std::move(checks);
        next->leaving = leaving;
        node_.plan = next;
    }
    static plan::Status status(std::uint64_t wanted, std::uint64_t in_force) {
        plan::Status status;
        status.wanted = Generation{wanted};
        status.in_force = Generation{in_force};
        status.since_ms = 1'000'000'000'123;
        return status;
    }
    static Response ask(const Router& router, const char* path) {
        Response answer;
        router.handle(*parse_target(Method::get, path), [&](Response r) { answer = std::move(r); });
        return answer;
    }
    TestNode node_;
};

TEST_F(HealthTest, a_service_is_well_here_with_one_ready_backend) {
    plan({{Port{32000}, {"shop", "web", 2}}, {Port{32001}, {"shop", "api", 0}}});
    const auto web = ask(health_.service_router(Port{32000}), "/");
    EXPECT_EQ(web.status, 200);
    EXPECT_EQ(web.type, "application/json");
    EXPECT_EQ(web.body, R"({"service":{"namespace":"shop","name":"web"},"localEndpoints":2,"serviceProxyHealthy":true})"
                        "\n");
    const std::vector<std::pair<std::string, std::string>> headers{{"X-Content-Type-Options", "nosniff"},
                                                                   {"X-Load-Balancing-Endpoint-Weight", "2"}};
    EXPECT_EQ(web.headers, headers);
    const auto api = ask(health_.service_router(Port{32001}), "/whatever?they=ask");
    EXPECT_EQ(api.status, 503);
    EXPECT_EQ(api.body, R"({"service":{"namespace":"shop","name":"api"},"localEndpoints":0,"serviceProxyHealthy":true})"
                        "\n");
    plan({});
    EXPECT_EQ(ask(health_.service_router(Port{32000}), "/").status, 404) << "it has gone meanwhile";
}

TEST_F(HealthTest, a_node_is_well_until_it_is_behind_for_too_long) {
    Health hasty({.io = io(), .context = node_.context, .patience_ms = -1});
    for (Health* health : {&health_, &hasty})
        EXPECT_TRUE(health->update(status(3, 3)).empty());
    EXPECT_EQ(ask(hasty.node_router(), "/healthz").status, 200);
    for (Health* health : {&health_, &hasty})
        EXPECT_TRUE(health->update(status(4, 3)).empty());
    EXPECT_EQ(ask(health_.node_router(), "/healthz").status, 200) << "there is time";
    const auto late = ask(hasty.node_router(), "/healthz");
    EXPECT_EQ(late.status, 503);
    EXPECT_TRUE(late.body.starts_with(R"({"lastUpdated":"2001-09-09T01:46:40Z","currentTime":"20)")) << late.body;
    EXPECT_EQ(ask(hasty.node_router(), "/livez").status, 503);
    plan({{Port{32000}, {"shop", "web", 2}}});
    const auto service = ask(hasty.service_router(Port{32000}), "/");
    EXPECT_EQ(service.status, 503);
    EXPECT_TRUE(service.body.ends_with("\"serviceProxyHealthy\":false}\n")) << service.body;
    EXPECT_TRUE(hasty.update(status(4, 4)).empty());
    EXPECT_EQ(ask(hasty.node_router(), "/livez").status, 200);
}

TEST_F(HealthTest, a_node_that_leaves_gets_nothing_new_and_is_alive) {
    plan({}, true);
    const auto ready = ask(health_.node_router(), "/healthz"), alive = ask(health_.node_router(), "/livez");
    EXPECT_EQ(ready.status, 503);
    EXPECT_TRUE(ready.body.ends_with("\"nodeEligible\":false}\n")) << ready.body;
    EXPECT_EQ(alive.status, 200);
    EXPECT_EQ(alive.body.find("nodeEligible"), alive.body.npos);
    EXPECT_EQ(ask(health_.node_router(), "/").status, 404);
}

TEST_F(HealthTest, ports_open_and_close_with_the_plan_and_one_that_is_taken_is_told) {
    using boost::asio::ip::tcp;
    tcp::acceptor other(io(), tcp::endpoint(tcp::v4(), 0));  // on a port nobody else has
    const Port taken{other.local_endpoint().port()};
    plan({{taken, {"shop", "web", 1}}});
    const auto problems = health_.update(status(1, 1));
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_TRUE(problems[0].starts_with("healthCheckNodePort of Service shop/web: :::")) << problems[0];
    other.close();
    EXPECT_TRUE(health_.update(status(1, 1)).empty()) << "tried again";
    tcp::socket client(io());
    boost::system::error_code error;
    client.connect({boost::asio::ip::address_v4::loopback(), taken.value}, error);
    EXPECT_FALSE(error) << error.message();
    plan({});
    EXPECT_TRUE(health_.update(status(1, 1)).empty());
    tcp::socket late(io());
    late.connect({boost::asio::ip::address_v4::loopback(), taken.value}, error);
    EXPECT_EQ(error, boost::asio::error::connection_refused);
}

// What comes back to a probe of 127.0.0.x: the first line, or nothing.
std::string probe(boost::asio::io_context& io, std::uint8_t host, Port port) {
    using boost::asio::ip::tcp;
    tcp::socket client(io);
    client.connect({boost::asio::ip::address_v4({127, 0, 0, host}), port.value});
    boost::system::error_code error;
    boost::asio::write(client, boost::asio::buffer(std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), error);
    std::string answer;
    boost::asio::async_read_until(client, boost::asio::dynamic_buffer(answer), "\r\n", [&](auto, auto) { io.stop(); });
    io.restart();
    io.run_for(std::chrono::seconds(10));
    return answer.substr(0, answer.find('\r'));
}

TEST_F(HealthTest, a_service_is_answered_for_where_its_node_port_is) {
    boost::asio::ip::tcp::acceptor other(io(), {boost::asio::ip::tcp::v4(), 0});
    const Port port{other.local_endpoint().port()};
    other.close();
    plan({{port, {"shop", "web", 1}}});
    EXPECT_TRUE(health_.update(status(1, 1)).empty());
    EXPECT_EQ(probe(io(), 1, port), "HTTP/1.1 200 OK");
    auto next = std::make_shared<plan::Plan>(*node_.plan);
    next->node.node_port_addresses = {parse_prefix("127.0.0.2/32").value()};
    node_.plan = next;
    EXPECT_EQ(probe(io(), 1, port), "");
    EXPECT_EQ(probe(io(), 2, port), "HTTP/1.1 200 OK");
}

}  // namespace
}  // namespace beeline::api
