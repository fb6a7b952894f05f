// Where the tests make devices, load and attach: a network and mount namespace of their own, entered before the first
// test, and containers that are namespaces below it.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include "base/file.h"
#include "kernel/kernel.h"
#include "kernel/netlink.h"

namespace beeline::kernel::test {

// The value; the test ends with the error's text if there is none.
template <class T>
T must(Result<T> result) {
    if (!result) {
        ADD_FAILURE() << result.error().what << "\n" << result.error().detail;
        throw std::runtime_error(result.error().what);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string bpffs();   // a bpffs of this run
std::string cgroup();  // of this run

// A network namespace with a path, as `ip netns add` makes it; gone with the object.
class Container {
public:
    explicit Container(const std::string& name);
    ~Container() { vanish(); }
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;
    void vanish();
    const std::string& path() const { return path_; }
    std::uint64_t inode() const { return inode_; }
    // Runs inside.
    void run(const std::function<void()>& work) const;

private:
    std::string path_;
    std::uint64_t inode_ = 0;
};

// How long anything is waited for: a busy machine may let a process stand for a second.
constexpr std::chrono::milliseconds patience{10000};

// A TCP connection made inside one container and accepted inside another.
struct Connection {
    Fd client, server;
    // A text goes from client to server and back, each way within `limit`.
    bool says(const std::string& text, std::chrono::milliseconds limit = patience) const;
};
struct Listener {
    Fd socket;
    std::uint16_t port = 0;
};
Listener listen_in(const Container& container, const Addr& addr, std::uint16_t port);
struct Dialled {
    Fd socket;
    int error = 0;  // errno of connect(); ETIMEDOUT after `patience`
};
Dialled dial_from(const Container& container, const Addr& addr, std::uint16_t port);
Dialled dial(const Addr& addr, std::uint16_t port);  // from the node
Connection connect(const Container& from, const Addr& to, const Listener& listener);

Options options();
plan::Node node();
// Endpoint n in this container: 10.244.0.n, fd44::n, host end bl<n>.
plan::Endpoint endpoint(std::uint16_t n, const Container& container);
plan::Plan plan_of(std::uint64_t generation, const std::vector<plan::Endpoint>& endpoints);
Addr addr(std::string_view text);

// Every test begins and ends with a bare node.
class NodeTest : public testing::Test {
protected:
    void TearDown() override;
    Netlink netlink = must(Netlink::open());
};

}  // namespace beeline::kernel::test
