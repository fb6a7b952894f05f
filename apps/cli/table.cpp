#include "apps/cli/table.h"

#include <algorithm>
#include <ostream>

namespace beeline::cli {
namespace {

const char* escape(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "\033[32m";
        case Tone::bad:
            return "\033[31m";
        case Tone::warn:
            return "\033[33m";
        case Tone::faint:
            return "\033[2m";
        case Tone::plain:
            break;
    }
    return "";
}

}  // namespace

std::string paint(std::string_view text, Tone tone, bool color) {
    if (!color || tone == Tone::plain || text.empty()) return std::string(text);
    return escape(tone) + std::string(text) + "\033[0m";
}

std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void Table::print(std::ostream& out, bool color) const {
    if (rows_.empty() && !what_.empty()) {
        out << "No " << what_ << ".\n";
        return;
    }
    std::vector<std::vector<Cell>> lines{{header_.begin(), header_.end()}};
    lines.insert(lines.end(), rows_.begin(), rows_.end());
    std::vector<std::size_t> width(header_.size(), 0);
    for (auto& line : lines) {
        line.resize(header_.size(), Cell(""));
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (line[i].text.empty()) line[i] = "-";
            width[i] = std::max(width[i], display_width(line[i].text));
        }
    }
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            out << paint(line[i].text, line[i].tone, color);
            if (i + 1 < line.size()) out << std::string(width[i] - display_width(line[i].text) + 2, ' ');
        }
        out << '\n';
    }
}

void Details::print(std::ostream& out, bool color) const {
    std::size_t width = 0;
    for (const auto& [name, value] : rows_)
        if (!value.text.empty()) width = std::max(width, display_width(name));
    for (const auto& [name, value] : rows_) {
        if (value.text.empty()) continue;
        out << name << ':' << std::string(width - display_width(name) + 2, ' ') << paint(value.text, value.tone, color)
            << '\n';
    }
}

}  // namespace beeline::cli
