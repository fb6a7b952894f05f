// Where the tests load and attach: a network and mount namespace of their own, made before the first test.
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "ebpf/object.h"

namespace ebpf::test {

constexpr std::uint32_t loopback = 1;  // the first device of every network namespace

std::string bpffs();  // a bpffs of this run
// A cgroup of this run below a fresh mount of the hierarchy; removed at the end.
std::string cgroup();
// The object every test starts from.
std::span<const std::byte> sample_elf();
std::span<const std::byte> refused_elf();
Object open_sample();
Object load_sample();
// UDP datagrams to 127.0.0.1, port 9.
void send_to_loopback(unsigned datagrams);
// errno of connect(2) by a process in cgroup(), 0 if it went well.
int connect_in_cgroup();

// What is written to stderr while it lives: a library must not.
class Stderr {
public:
    Stderr() { testing::internal::CaptureStderr(); }
    ~Stderr() {
        if (!taken_) testing::internal::GetCapturedStderr();
    }
    Stderr(const Stderr&) = delete;
    Stderr& operator=(const Stderr&) = delete;
    std::string take() {
        taken_ = true;
        return testing::internal::GetCapturedStderr();
    }

private:
    bool taken_ = false;
};

// The value; the test ends with the error's text if there is none.
template <class T>
T must(Result<T> result) {
    if (!result) {
        ADD_FAILURE() << errc_name(result.error().code) << ": " << result.error().what;
        throw std::runtime_error(result.error().what);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace ebpf::test
