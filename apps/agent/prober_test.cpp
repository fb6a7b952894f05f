// The prober against real servers on the loopback addresses; a second of a manifest takes 20 ms.
#include "apps/agent/prober.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <deque>

namespace beeline::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using model::Name;
using model::Probe;
using std::chrono::milliseconds;

using Names = std::set<Name>;

// Takes every connection and answers a request with a status; 0: never.
class Server {
public:
    explicit Server(asio::io_context& io, std::uint16_t port = 0, const char* address = "127.0.0.1")
        : acceptor_(io, {asio::ip::make_address(address), port}) {
        accept();
    }
    Port port() const { return {acceptor_.local_endpoint().port()}; }

    std::deque<unsigned> first;  // statuses, one a request; then:
    unsigned status = 200;
    unsigned asked = 0;
    unsigned open = 0, most_open = 0;
    std::string request;  // the last one

private:
    struct Session {
        tcp::socket socket;
        std::string text{}, answer{};
    };
    void accept() {
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            if (error) return;
            asked++;
            most_open = std::max(most_open, ++open);
            serve(std::make_shared<Session>(std::move(socket)));
            accept();
        });
    }
    void serve(const std::shared_ptr<Session>& session) {
        asio::async_read_until(session->socket, asio::dynamic_buffer(session->text), "\r\n\r\n",
                               [this, session, alive = std::weak_ptr(alive_)](error_code error, std::size_t) {
                                   if (alive.expired()) return;
                                   if (error) return void(open--);
                                   request = session->text;
                                   status == 0 ? linger(session) : answer(session);
                               });
    }
    void linger(const std::shared_ptr<Session>& session) {
        asio::async_read_until(session->socket, asio::dynamic_buffer(session->text), "never",
                               [this, session, alive = std::weak_ptr(alive_)](error_code, std::size_t) {
                                   if (!alive.expired()) open--;
                               });
    }
    void answer(const std::shared_ptr<Session>& session) {
        open--;
        const unsigned now = first.empty() ? status : first.front();
        if (!first.empty()) first.pop_front();
        session->answer = fmt::format("HTTP/1.1 {} Word\r\nContent-Length: 99999999\r\n\r\nbegin", now);
        asio::async_write(session->socket, asio::buffer(session->answer), [session](error_code, std::size_t) {});
    }
    tcp::acceptor acceptor_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class ProberTest : public testing::Test {
protected:
    Prober::Setup setup() {
        return {.io = io,
                .changed = [this] { changes++; },
                .warn = [this](const std::string& text) { warnings.push_back(text); },
                .info = [this](const std::string& text) { news.push_back(text); },
                .second = milliseconds(20)};
    }
    void set_pod(const std::string& name, std::vector<Probe> probes, const std::string& ip = "127.0.0.1") {
        model::Pod pod;
        pod.meta.ns = "default";
        pod.meta.name = name;
        if (!ip.empty()) pod.ips = {*parse_addr(ip)};
        pod.probes = std::move(probes);
        snapshot.pods[{"default", name}] = std::make_shared<const model::Pod>(std::move(pod));
    }
    void set_container(const std::string& pod, bool up) {
        model::Endpoint endpoint;
        endpoint.id = {7};
        endpoint.pod = {"default", pod};
        endpoint.addr4 = parse_addr("127.0.0.1").value();
        snapshot.endpoints[{7}] = std::make_shared<const model::Endpoint>(std::move(endpoint));
        snapshot.up = up ? std::set<EndpointId>{{7}} : std::set<EndpointId>{};
    }
    Probe tcp_probe(Port port) { return {.kind = Probe::Kind::tcp, .port = port, .period = 1}; }
    Probe http_probe(Port port) { return {.kind = Probe::Kind::http, .port = port, .period = 1}; }

    void run_for(milliseconds time) { io.run_for(time); }
    // Runs the loop until it holds; whether it does.
    template <class Condition>
    bool until(Condition holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!holds() && std::chrono::steady_clock::now() < end)
            io.run_one_for(milliseconds(10));
        return holds();
    }
    bool said(const std::vector<std::string>& list, const std::string& text) {
        return std::ranges::find(list, text) != list.end();
    }

    asio::io_context io;
    model::Snapshot snapshot;
    int changes = 0;
    std::vector<std::string> warnings, news;
};

const Names web{{"default", "web"}};

TEST_F(ProberTest, a_pod_fails_until_its_probe_has_succeeded) {
    Server server(io);
    set_pod("web", {tcp_probe(server.port())});
    set_pod("plain", {});
    Prober prober(setup());
    EXPECT_EQ(prober.update(snapshot), web) << "before anybody was asked";
    EXPECT_TRUE(until([&] { return changes == 1; }));
    EXPECT_EQ(prober.failing(), Names{});
    EXPECT_EQ(prober.passing(), (Passing{{{"default", "web"}, *parse_addr("127.0.0.1")}}));
    EXPECT_EQ(prober.update(snapshot), Names{}) << "the next snapshot has it as it was";
    EXPECT_EQ(news, std::vector<std::string>{"Pod default/web is ready: its probes succeed"});
    EXPECT_TRUE(warnings.empty());
}

TEST_F(ProberTest, a_pod_whose_server_ends_fails_and_comes_back_with_it) {
    auto server = std::make_unique<Server>(io);
    const Port port = server->port();
    set_pod("web", {tcp_probe(port)});
    Prober prober(setup());
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return prober.failing().empty(); }));
    server.reset();
    EXPECT_TRUE(until([&] { return prober.failing() == web; }));
    EXPECT_EQ(warnings, std::vector<std::string>{fmt::format(
                            "Pod default/web is not ready: probe tcp 127.0.0.1:{}: Connection refused", port.value)});
    server = std::make_unique<Server>(io, port.value);
    EXPECT_TRUE(until([&] { return prober.failing().empty() && changes >= 2; }));
}

TEST_F(ProberTest, a_server_that_never_ran_is_told_once) {
    set_pod("web", {tcp_probe({1})});
    Prober prober(setup());
    prober.update(snapshot);
    EXPECT_TRUE(until([&] { return !warnings.empty(); }));
    run_for(milliseconds(200));
    EXPECT_EQ(warnings.size(), 1U);
    EXPECT_EQ(changes, 0) << "it has not been ready before either";
    EXPECT_EQ(prober.failing(), web);
}

TEST_F(ProberTest, the_thresholds_count_answers_in_a_row) {
    Server server(io);
    Probe probe = http_probe(server.port());
    probe.successes = 3;
    probe.failures = 2;
    server.first = {200, 200, 500, 200, 200, 200, 500, 200, 503, 200};
    server.status = 500;
    set_pod("web", {probe});
    Prober prober(setup());
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return prober.failing().empty(); }));
    EXPECT_EQ(server.asked, 6U);
    EXPECT_TRUE(until([&] { return prober.failing() == web; }));
    EXPECT_EQ(server.asked, 12U);
}

TEST_F(ProberTest, an_answer_is_good_from_200_to_399) {
    for (const unsigned status : {200U, 204U, 302U, 399U, 400U, 404U, 500U}) {
        Server server(io);
        server.status = status;
        set_pod("web", {http_probe(server.port())});
        warnings.clear();
        Prober prober(setup());
        prober.update(snapshot);
        const bool good = status < 400;
        EXPECT_TRUE(until([&] { return good ? prober.failing().empty() : !warnings.empty(); })) << status;
        if (good) continue;
        EXPECT_TRUE(said(warnings, fmt::format("Pod default/web is not ready: probe http 127.0.0.1:{}/: status {}",
                                               server.port().value, status)));
    }
}

TEST_F(ProberTest, a_request_is_as_the_manifest_says) {
    Server server(io);
    Probe probe = http_probe(server.port());
    probe.path = "/up?a=b";
    probe.host = "127.0.0.1";
    set_pod("web", {probe}, "127.0.0.9");
    Prober prober(setup());
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return !server.request.empty(); }));
    const auto has = [&](const std::string& line) { return server.request.find(line + "\r\n") != std::string::npos; };
    EXPECT_TRUE(server.request.starts_with("GET /up?a=b HTTP/1.1\r\n")) << server.request;
    EXPECT_TRUE(has(fmt::format("Host: 127.0.0.1:{}", server.port().value)) && has("User-Agent: beeline-probe") &&
                has("Accept: */*") && has("Connection: close"))
        << server.request;
    probe.headers = {{"host", "a.b"}, {"X-A", "1"}, {"X-A", "2"}, {"User-Agent", "me"}};
    set_pod("web", {probe}, "127.0.0.9");
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return has("X-A: 1"); }));
    EXPECT_TRUE(has("host: a.b") && has("X-A: 2") && has("User-Agent: me")) << server.request;
    EXPECT_FALSE(has(fmt::format("Host: 127.0.0.1:{}", server.port().value)) || has("User-Agent: beeline-probe"));
}

TEST_F(ProberTest, IPv6_addresses_stand_in_brackets) {
    Server server(io, 0, "::1");
    set_pod("web", {http_probe(server.port())}, "::1");
    Prober prober(setup());
    prober.update(snapshot);
    EXPECT_TRUE(until([&] { return prober.failing().empty(); }));
    const auto port = server.port().value;
    EXPECT_NE(server.request.find(fmt::format("Host: [::1]:{}\r\n", port)), std::string::npos) << server.request;
    server.status = 404;
    EXPECT_TRUE(until([&] { return !warnings.empty(); }));
    EXPECT_TRUE(said(warnings, fmt::format("Pod default/web is not ready: probe http [::1]:{}/: status 404", port)));
}

TEST_F(ProberTest, who_does_not_answer_in_time_fails) {
    Server server(io);
    server.status = 0;
    set_pod("web", {http_probe(server.port())});
    Prober prober(setup());
    prober.update(snapshot);
    EXPECT_TRUE(until([&] { return !warnings.empty(); }));
    EXPECT_TRUE(
        said(warnings, fmt::format("Pod default/web is not ready: probe http 127.0.0.1:{}/: no answer within 1 s",
                                   server.port().value)));
    EXPECT_TRUE(until([&] { return server.asked >= 5; })) << "and is asked again";
}

TEST_F(ProberTest, all_probes_of_a_pod_must_succeed) {
    Server one(io), other(io);
    other.status = 500;
    set_pod("web", {http_probe(one.port()), http_probe(other.port())});
    Prober prober(setup());
    prober.update(snapshot);
    EXPECT_TRUE(until([&] { return one.asked > 3 && other.asked > 3; }));
    EXPECT_EQ(prober.failing(), web);
    EXPECT_TRUE(news.empty());
    other.status = 200;
    EXPECT_TRUE(until([&] { return prober.failing().empty(); }));
    EXPECT_EQ(news.size(), 1U);
}

TEST_F(ProberTest, what_cannot_be_asked_counts_as_successful_and_is_told) {
    Probe tls = http_probe({1}), named = tcp_probe({1});
    tls.kind = Probe::Kind::https;
    named.host = "db.example.com";
    set_pod("web", {tls, named});
    Prober prober(setup());
    EXPECT_EQ(prober.update(snapshot), Names{});
    EXPECT_EQ(prober.update(snapshot), Names{});
    EXPECT_EQ(warnings, (std::vector<std::string>{
                            "Pod default/web: a readinessProbe asks by HTTPS, which Beeline does not; it counts as "
                            "successful",
                            "Pod default/web: a readinessProbe asks a host by its name, which Beeline does not; it "
                            "counts as successful"}));
}

TEST_F(ProberTest, a_local_container_is_asked_at_its_address_once_its_datapath_is_in_force) {
    Server server(io);
    set_pod("web", {tcp_probe(server.port())}, "");
    set_container("web", false);
    Prober prober(setup());
    EXPECT_EQ(prober.update(snapshot), web);
    run_for(milliseconds(100));
    EXPECT_EQ(server.asked, 0U);
    set_container("web", true);
    EXPECT_EQ(prober.update(snapshot), web);
    EXPECT_TRUE(until([&] { return prober.failing().empty(); }));
}

TEST_F(ProberTest, the_initial_delay_is_waited_for) {
    Server server(io);
    Probe probe = tcp_probe(server.port());
    probe.initial_delay = 30;
    set_pod("web", {probe});
    Prober prober(setup());
    prober.update(snapshot);
    run_for(milliseconds(150));
    EXPECT_EQ(server.asked, 0U);
    EXPECT_TRUE(until([&] { return prober.failing().empty(); }));
}

TEST_F(ProberTest, another_address_is_another_server) {
    Server server(io);
    set_pod("web", {tcp_probe(server.port())});
    Prober prober(setup());
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return prober.failing().empty(); }));
    set_pod("web", {tcp_probe(server.port())}, "127.0.0.2");
    EXPECT_EQ(prober.update(snapshot), web);
    run_for(milliseconds(200));
    EXPECT_EQ(prober.failing(), web) << "nobody listens there";
}

TEST_F(ProberTest, another_question_to_the_same_server_keeps_the_verdict_until_it_is_answered) {
    Server server(io), other(io);
    other.status = 500;
    set_pod("web", {http_probe(server.port())});
    Prober prober(setup());
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return prober.failing().empty(); }));
    set_pod("web", {http_probe(other.port())});
    EXPECT_EQ(prober.update(snapshot), Names{});
    EXPECT_TRUE(until([&] { return prober.failing() == web; }));
    EXPECT_EQ(other.asked, 3U);
}

TEST_F(ProberTest, a_pod_that_is_gone_or_has_finished_is_not_asked) {
    Server server(io);
    set_pod("web", {tcp_probe(server.port())});
    Prober prober(setup());
    prober.update(snapshot);
    ASSERT_TRUE(until([&] { return prober.failing().empty(); }));
    auto finished = *snapshot.pods.begin()->second;
    finished.finished = true;
    snapshot.pods[{"default", "web"}] = std::make_shared<const model::Pod>(finished);
    EXPECT_EQ(prober.update(snapshot), Names{});
    run_for(milliseconds(20));
    const unsigned before = server.asked;
    run_for(milliseconds(200));
    EXPECT_EQ(server.asked, before);
}

TEST_F(ProberTest, who_passed_with_an_earlier_agent_is_ready_until_found_failing) {
    Server server(io);
    server.status = 500;
    Prober::Setup known = setup();
    known.passed = {{{"default", "web"}, *parse_addr("127.0.0.1")}, {{"default", "moved"}, *parse_addr("127.0.0.3")}};
    set_pod("web", {http_probe(server.port())});
    set_pod("moved", {http_probe(server.port())});
    Prober prober(std::move(known));
    EXPECT_EQ(prober.update(snapshot), (Names{{"default", "moved"}}));
    EXPECT_TRUE(until([&] { return prober.failing().size() == 2; }));
}

TEST_F(ProberTest, only_so_many_are_asked_at_once) {
    Server server(io);
    server.status = 0;
    for (int i = 0; i < 20; i++)
        set_pod(fmt::format("web-{}", i), {http_probe(server.port())});
    Prober::Setup few = setup();
    few.at_once = 3;
    Prober prober(std::move(few));
    prober.update(snapshot);
    EXPECT_TRUE(until([&] { return server.asked >= 40; }));
    EXPECT_GE(server.most_open, 1U);
    EXPECT_LE(server.most_open, 3U + 3U) << "those that end are counted until the server has seen it";
    snapshot.pods.clear();
    prober.update(snapshot);
    EXPECT_TRUE(until([&] { return server.open == 0; })) << "questions on their way are taken back";
}

TEST_F(ProberTest, many_are_asked_one_after_the_other) {
    Server server(io);
    for (int i = 0; i < 100; i++)
        set_pod(fmt::format("web-{}", i), {tcp_probe(server.port())});
    Prober::Setup slow = setup();
    slow.second = milliseconds(1000);
    Prober prober(std::move(slow));
    prober.update(snapshot);
    run_for(milliseconds(300));
    EXPECT_GE(server.asked, 1U);
    EXPECT_LE(server.asked, 60U);
}

}  // namespace
}  // namespace beeline::agent
