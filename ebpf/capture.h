// What libbpf prints on this thread, kept instead of going to stderr. Internal to this library.
#pragma once
#include <string>

namespace ebpf {

// Captures nest; the innermost gets the text. Threads without one print as they did before.
class Capture {
public:
    Capture();
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    const std::string& text() const { return text_; }

private:
    std::string text_{};
    std::string* outer_;
};

// The first line of libbpf's words that says what went wrong, without "libbpf: "; empty if there is none.
std::string first_complaint(const std::string& text);

}  // namespace ebpf
