// Tables for people: columns as wide as their widest cell, two spaces between, no lines.
#pragma once
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beeline::cli {

enum class Tone { plain, good, bad, warn, faint };

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
    Cell(std::string t, Tone o = Tone::plain) : text(std::move(t)), tone(o) {}
    Cell(const char* t, Tone o = Tone::plain) : text(t), tone(o) {}
};

// The text in the tone's colour, as it is without colour or for Tone::plain.
std::string paint(std::string_view text, Tone tone, bool color);

// Columns a terminal needs for UTF-8 text, counting one a code point.
std::size_t display_width(std::string_view text);

class Table {
public:
    explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
    // A row shorter than the header ends in empty cells; an empty cell is printed as "-".
    void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const { return rows_.empty(); }
    // Without rows: the line "No <what>." if `what` is given with none_are(), else the header alone.
    void print(std::ostream& out, bool color) const;
    Table& none_are(std::string what) {
        what_ = std::move(what);
        return *this;
    }

private:
    std::vector<std::string> header_;
    std::vector<std::vector<Cell>> rows_;
    std::string what_;
};

// "Name:  value" lines, values aligned; a value that is empty is left out.
class Details {
public:
    void add(std::string name, Cell value) { rows_.emplace_back(std::move(name), std::move(value)); }
    void print(std::ostream& out, bool color) const;

private:
    std::vector<std::pair<std::string, Cell>> rows_;
};

}  // namespace beeline::cli
