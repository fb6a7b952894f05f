#include "ebpf/capture.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <vector>

namespace ebpf {

namespace {
thread_local std::string* sink = nullptr;
libbpf_print_fn_t printer_before = nullptr;

std::string format_text(const char* format, va_list args) {
    va_list again;
    va_copy(again, args);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0) return {};
    std::string text(static_cast<std::size_t>(length) + 1, '\0');  // verifier logs reach megabytes
    std::vsnprintf(text.data(), text.size(), format, args);
    text.pop_back();
    return text;
}

int print(libbpf_print_level level, const char* format, va_list args) {
    if (!sink) return printer_before ? printer_before(level, format, args) : 0;
    if (level != LIBBPF_DEBUG) *sink += format_text(format, args);
    return 0;
}
}  // namespace

Capture::Capture() : outer_(sink) {
    static std::once_flag once;
    std::call_once(once, [] { printer_before = libbpf_set_print(print); });
    sink = &text_;
}

Capture::~Capture() {
    sink = outer_;
}

std::string first_complaint(const std::string& text) {
    std::string_view rest = text;
    constexpr std::string_view prefix = "libbpf: ";
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
        if (!line.empty()) return std::string(line);
    }
    return {};
}

}  // namespace ebpf
