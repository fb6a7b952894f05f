// The server over a real Unix socket, spoken to byte by byte: what a well-behaved HTTP client would never send too.
#include "api/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "base/file.h"

namespace beeline::api {
namespace {

using namespace std::chrono_literals;

class Client {
public:
    explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un addr{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(addr.sun_path, path.c_str(), sizeof(addr.sun_path) - 1);
        const timeval patience{10, 0};
        setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        connected = connect(fd_.get(), reinterpret_cast<sockaddr*>(&addr), sizeof(addr)) == 0;
    }
    // False when the server does not take it any more.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    // Everything up to and with `end`, or up to the end of the connection.
    std::string read_until(std::string_view end) {
        while (received_.find(end) == received_.npos && more())
            continue;
        const std::size_t at = received_.find(end);
        const std::size_t size = at == received_.npos ? received_.size() : at + end.size();
        std::string part = received_.substr(0, size);
        received_.erase(0, size);
        return part;
    }
    std::string read_all() { return read_until("\x01never\x01"); }
    bool connected = false;

private:
    bool more() {
        char buffer[65536];
        const ssize_t size = recv(fd_.get(), buffer, sizeof(buffer), 0);
        if (size > 0) received_.append(buffer, static_cast<std::size_t>(size));
        return size > 0;
    }
    Fd fd_;
    std::string received_;
};

// Says what the test pushes, until the test lets go.
class Feed : public Stream {
public:
    std::string take() override {
        const std::scoped_lock lock(mutex_);
        return std::exchange(text_, {});
    }
    std::string keep_alive() override { return ":\n\n"; }
    void start(std::function<void()> ready) override {
        const std::scoped_lock lock(mutex_);
        ready_ = std::move(ready);
    }
    void push(const std::string& text) {
        std::function<void()> ready;
        {
            const std::scoped_lock lock(mutex_);
            text_ += text;
            ready = ready_;
        }
        if (ready) ready();
    }

private:
    std::mutex mutex_;
    std::string text_;
    std::function<void()> ready_;
};

class ServerTest : public testing::Test {
protected:
    ServerTest() {
        char name[] = "/tmp/beeline-api-XXXXXX";
        folder_ = mkdtemp(name);
        options_.path = folder_ + "/beeline.sock";
        options_.patience = 300ms;
        options_.keep_alive = 50ms;
        router_.add_sync(Method::get, "/hello",
                         [](const Request&) -> Result<Response> { return Response{.body = "hi"}; });
        router_.add_sync(Method::post, "/echo",
                         [](const Request& request) -> Result<Response> { return Response{.body = request.body}; });
        router_.add(Method::get, "/later", [this](const Request&, const Reply& reply) { later_.set_value(reply); });
        router_.add_sync(Method::get, "/feed", [this](const Request&) -> Result<Response> {
            return Response{.type = "text/event-stream", .stream = feed_};
        });
        router_.add_sync(Method::get, "/big", [](const Request&) -> Result<Response> {
            return Response{.body = std::string(std::size_t{8} << 20, 'x')};
        });
    }
    ~ServerTest() override {
        stop();
        std::filesystem::remove_all(folder_);
    }
    void start() {
        auto server = Server::listen(io_, router_, options_);
        ASSERT_TRUE(server) << server.error().what;
        server_ = std::move(*server);
        thread_ = std::thread([this] { io_.run(); });
    }
    void stop() {
        if (!thread_.joinable()) return;
        boost::asio::post(io_, [this] { server_.reset(); });
        thread_.join();  // run() returns when no work is left: nothing may leak
    }
    std::string ask(const std::string& request) {
        Client client(options_.path);
        EXPECT_TRUE(client.connected);
        client.send(request);
        return client.read_all();
    }

    std::string folder_;
    boost::asio::io_context io_;
    Router router_;
    ServerOptions options_;
    std::shared_ptr<Feed> feed_ = std::make_shared<Feed>();
    std::promise<Reply> later_;
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

constexpr const char* get_hello = "GET /hello HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";

TEST_F(ServerTest, AnswersAndCloses) {
    start();
    const std::string answer = ask(get_hello);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Type: application/json\r\n"), answer.npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhi")) << answer;
}

TEST_F(ServerTest, TheSocketIsForOwnerAndGroupAndGoesWithTheServer) {
    start();
    struct stat info{};
    ASSERT_EQ(stat(options_.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0660u);
    stop();
    EXPECT_FALSE(std::filesystem::exists(options_.path));
}

TEST_F(ServerTest, OneConnectionServesManyRequests) {
    start();
    Client client(options_.path);
    for (int i = 0; i < 3; i++) {
        client.send("POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nwo" + std::to_string(10 + i));
        EXPECT_TRUE(client.read_until("wo" + std::to_string(10 + i)).starts_with("HTTP/1.1 200")) << i;
    }
}

TEST_F(ServerTest, WhatIsNotARequestGetsAnErrorAndTheEnd) {
    struct Row {
        const char* sentence;
        std::string bytes;
        const char* status;
    };
    const Row rows[] = {
        {"noise", "hello there\r\n\r\n", "HTTP/1.1 400"},
        {"a header without end", "GET / HTTP/1.1\r\nX: " + std::string(20000, 'x'), "HTTP/1.1 431"},
        {"a body that is too long", "POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 9000000\r\n\r\n",
         "HTTP/1.1 413"},
        {"a target that is no path", "GET nowhere HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n", "HTTP/1.1 400"},
        {"an unknown path", "GET /nope HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"},
        {"a wrong method", "PUT /hello HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n", "HTTP/1.1 405"},
        {"half a header", "GET /hel", "HTTP/1.1 408"},
        {"half a body", "POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408"},
    };
    start();
    for (const Row& row : rows) {
        const std::string answer = ask(row.bytes);
        EXPECT_TRUE(answer.starts_with(row.status)) << row.sentence << ": " << answer.substr(0, 200);
        EXPECT_NE(answer.find(R"({"error":{"code":)"), answer.npos) << row.sentence;
    }
    EXPECT_TRUE(ask(get_hello).ends_with("hi")) << "and it still serves";
}

TEST_F(ServerTest, AWrongMethodIsToldTheRightOnes) {
    start();
    EXPECT_NE(ask("PUT /hello HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n").find("Allow: GET\r\n"),
              std::string::npos);
}

TEST_F(ServerTest, AClientThatSaysNothingIsLetGoWithoutAWord) {
    start();
    EXPECT_EQ(ask(""), "");
}

TEST_F(ServerTest, ATooLongBodyThatIsSentAnywayStillGetsItsAnswer) {
    start();
    Client client(options_.path);
    client.send("POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 9000000\r\n\r\n");
    client.send(std::string(9'000'000, 'x'));
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 413"));
}

TEST_F(ServerTest, AClientThatDoesNotReadItsAnswerHoldsNobodyUp) {
    start();
    Client lazy(options_.path);
    lazy.send("GET /big HTTP/1.1\r\nHost: b\r\n\r\n");
    EXPECT_TRUE(ask(get_hello).ends_with("hi"));
    std::this_thread::sleep_for(400ms);
    EXPECT_LT(lazy.read_all().size(), std::size_t{8} << 20) << "the connection was ended";
}

TEST_F(ServerTest, AHandlerMayAnswerLater) {
    start();
    Client client(options_.path);
    client.send("GET /later HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");
    const Reply reply = later_.get_future().get();
    std::this_thread::sleep_for(400ms);  // longer than the patience with clients
    boost::asio::post(io_, [reply] { reply(Response{.body = "at last"}); });
    EXPECT_TRUE(client.read_all().ends_with("at last"));
}

TEST_F(ServerTest, AClientThatLeavesBeforeTheAnswerIsNoHarm) {
    start();
    {
        Client client(options_.path);
        client.send("GET /later HTTP/1.1\r\nHost: b\r\n\r\n");
    }
    const Reply reply = later_.get_future().get();
    boost::asio::post(io_, [reply] { reply(Response{.body = "too late"}); });
    EXPECT_TRUE(ask(get_hello).ends_with("hi"));
}

TEST_F(ServerTest, AStreamDeliversAsItComesAndKeepsItselfAlive) {
    start();
    feed_->push("data: 1\n\n");
    Client client(options_.path);
    client.send("GET /feed HTTP/1.1\r\nHost: b\r\n\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), head.npos) << head;
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), head.npos) << head;
    EXPECT_EQ(client.read_until("data: 1\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
    EXPECT_EQ(client.read_until(":\n\n\r\n"), "3\r\n:\n\n\r\n") << "silence is filled";
    feed_->push("data: 2\n\n");
    EXPECT_TRUE(client.read_until("data: 2\n\n\r\n").ends_with("9\r\ndata: 2\n\n\r\n"));
}

TEST_F(ServerTest, AFollowerThatHangsUpIsForgotten) {
    start();
    {
        Client client(options_.path);
        client.send("GET /feed HTTP/1.1\r\nHost: b\r\n\r\n");
        client.read_until("\r\n\r\n");
    }
    for (int i = 0; i < 200 && feed_.use_count() > 1; i++)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(feed_.use_count(), 1);
    feed_->push("to nobody");
}

TEST_F(ServerTest, StoppingEndsStreamsToo) {
    start();
    Client client(options_.path);
    client.send("GET /feed HTTP/1.1\r\nHost: b\r\n\r\n");
    client.read_until("\r\n\r\n");
    stop();
    client.read_all();
    feed_->push("to nobody");
    EXPECT_FALSE(Client(options_.path).connected);
}

TEST_F(ServerTest, MoreConnectionsThanAllowedWaitTheirTurn) {
    options_.connections = 2;
    start();
    Client first(options_.path), second(options_.path);
    first.send("POST /echo HTTP/1.1\r\n");
    second.send("POST /echo HTTP/1.1\r\n");
    EXPECT_TRUE(ask(get_hello).ends_with("hi")) << "served once the idle ones were let go";
}

TEST_F(ServerTest, AStaleSocketIsReplacedALiveOneIsNot) {
    {
        Fd stale(socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un addr{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(addr.sun_path, options_.path.c_str(), sizeof(addr.sun_path) - 1);
        ASSERT_EQ(bind(stale.get(), reinterpret_cast<sockaddr*>(&addr), sizeof(addr)), 0);
    }
    start();
    EXPECT_TRUE(ask(get_hello).ends_with("hi"));
    boost::asio::io_context other;
    const auto second = Server::listen(other, router_, options_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_TRUE(ask(get_hello).ends_with("hi")) << "the first one is not disturbed";
}

TEST_F(ServerTest, AFileThatIsNoSocketIsLeftAlone) {
    ASSERT_TRUE(write_file(options_.path, "precious"));
    const auto server = Server::listen(io_, router_, options_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, Errc::conflict);
    EXPECT_EQ(*read_file(options_.path), "precious");
}

TEST_F(ServerTest, APathThatIsTooLongIsAnErrorNotASurprise) {
    options_.path = folder_ + "/" + std::string(120, 'x');
    EXPECT_FALSE(Server::listen(io_, router_, options_));
}

}  // namespace
}  // namespace beeline::api
