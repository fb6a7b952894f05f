#include "ebpf/verifier_log.h"

#include <vector>

namespace ebpf {

namespace {
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        lines.push_back(line);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return lines;
}

// "processed 19 insns (limit 1000000) max_states_per_insn 0 …"
bool is_statistics(std::string_view line) {
    return line.starts_with("processed ") && line.find(" insns") != std::string_view::npos;
}
}  // namespace

std::optional<Refusal> find_refusal(std::string_view printed) {
    constexpr std::string_view mark = "': BPF program load failed";
    const std::size_t end = printed.find(mark);
    if (end == std::string_view::npos) return std::nullopt;
    constexpr std::string_view opening = "prog '";
    const std::size_t start = printed.substr(0, end).rfind(opening);
    if (start == std::string_view::npos) return std::nullopt;
    const std::size_t name = start + opening.size();
    Refusal refusal{std::string(printed.substr(name, end - name)), {}};

    constexpr std::string_view begin_mark = "-- BEGIN PROG LOAD LOG --\n";
    constexpr std::string_view end_mark = "-- END PROG LOAD LOG --";
    const std::size_t begin = printed.find(begin_mark, end);
    if (begin == std::string_view::npos) return refusal;
    const std::string_view log = printed.substr(begin + begin_mark.size());
    refusal.log = log.substr(0, log.rfind(end_mark));
    return refusal;
}

std::string failing_lines(std::string_view log, std::size_t count) {
    std::vector<std::string_view> lines = lines_of(log);
    for (std::size_t i = lines.size(); i-- > 0;) {
        if (!is_statistics(lines[i])) continue;
        lines.resize(i);
        break;
    }
    while (!lines.empty() && lines.back().empty())
        lines.pop_back();
    std::string text;
    for (std::size_t i = lines.size() > count ? lines.size() - count : 0; i < lines.size(); i++) {
        if (!text.empty()) text += '\n';
        text += lines[i];
    }
    return text;
}

}  // namespace ebpf
