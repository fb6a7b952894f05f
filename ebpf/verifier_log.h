// Finding the useful part of what libbpf prints when the verifier refuses a program. Internal to this library.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ebpf {

struct Refusal {
    std::string program;
    std::string log;  // of the verifier, whole
};
// The program that failed, with its log; nullopt if the text does not speak of one.
std::optional<Refusal> find_refusal(std::string_view printed);

// The last `count` lines before "processed N insns"; of a log without that line, its last lines. No newline at the end.
std::string failing_lines(std::string_view log, std::size_t count);

}  // namespace ebpf
