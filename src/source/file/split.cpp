#include "source/file/split.h"

namespace beeline::source::file {
namespace {

enum class Line { start_marker, end_marker, prologue, content };

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Line classify(std::string_view line) {
    const bool marker = line.size() < 4 || blank(line[3]);
    if (marker && line.starts_with("---")) return Line::start_marker;
    if (marker && line.starts_with("...")) return Line::end_marker;
    const auto first = line.find_first_not_of(" \t\r");
    // Directives, comments and empty lines belong to the document that follows.
    if (first == line.npos || line[first] == '#' || line[0] == '%') return Line::prologue;
    return Line::content;
}

}  // namespace

std::vector<Chunk> split_documents(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::vector<Chunk> chunks;
    std::size_t begin = 0;
    int begin_line = 1, line = 1;
    bool started = false;  // the chunk at hand has a marker or content
    const auto cut = [&](std::size_t end, int next_line) {
        chunks.push_back({text.substr(begin, end - begin), begin_line});
        begin = end;
        begin_line = next_line;
        started = false;
    };
    for (std::size_t at = 0; at < text.size(); ++line) {
        const std::size_t newline = text.find('\n', at);
        const std::size_t next = newline == text.npos ? text.size() : newline + 1;
        const Line what = classify(text.substr(at, (newline == text.npos ? next : newline) - at));
        if (what == Line::start_marker && started) cut(at, line);
        if (what != Line::prologue) started = true;
        if (what == Line::end_marker) cut(next, line + 1);
        at = next;
    }
    if (begin < text.size()) cut(text.size(), line);
    return chunks;
}

}  // namespace beeline::source::file
