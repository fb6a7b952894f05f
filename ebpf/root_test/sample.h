// What sample.bpf.cpp and its tests share.
#pragma once

namespace sample {

struct Limits {
    unsigned long long most;
    unsigned least;
    unsigned pad;
};
// 20 bytes: the kernel pads rows of an array to 24.
struct Wide {
    unsigned word[5];
};
struct Event {
    unsigned length;
    unsigned mark;
};

constexpr unsigned slots = 1024;
constexpr unsigned rows = 4096;
constexpr unsigned ring_bytes = 4096;

}  // namespace sample
