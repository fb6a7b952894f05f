// Typed access to the fields of a document. Whatever is wrong becomes a Problem with the field's full path, line and
// value; reading goes on, so that all problems of a document are told at once.
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/addr.h"
#include "base/types.h"
#include "model/problem.h"
#include "source/file/rules.h"
#include "source/file/tree.h"

namespace beeline::source::file {

// Text of the input as messages show it: one line, at most `limit` bytes, cut between characters.
std::string tidy(std::string_view text, std::size_t limit);
inline constexpr std::size_t longest_value = 80;
inline constexpr std::size_t longest_path = 200;  // also of a reason that quotes the input

// Collects the problems of one object.
class Report {
public:
    explicit Report(std::string_view file) : file_(file) {}
    // Field and value are tidied here; `reason` is our own words.
    void add(int line, std::string_view field, std::string_view value, std::string reason);
    bool clean() const { return problems_.empty(); }
    // The problems, each naming `object` if it is known.
    std::vector<model::Problem> take(const std::optional<model::Ref>& object);
    const std::string& file() const { return file_; }

private:
    std::string file_;
    std::vector<model::Problem> problems_;
};

template <class T>
struct Choice {
    std::string_view text;
    T value;
};

// A value of the document, or its absence (null counts as absent). Cheap to copy; the tree and the report outlive it.
class Field {
public:
    Field(const Tree& tree, std::string path, Report& report)
        : tree_(&tree), path_(std::move(path)), line_(tree.line), report_(&report) {}

    bool present() const { return tree_ != nullptr && tree_->kind != Tree::Kind::null; }
    // Written, even if as null: an entry of a list or a label.
    const std::string& key() const { return tree_->key; }
    const std::string& path() const { return path_; }
    int line() const { return line_; }
    Report& report() const { return *report_; }
    const Tree& tree() const { return *tree_; }  // of a field that is there

    // An entry of a map; absent if this is absent or no map.
    Field at(std::string_view key) const;
    // This, with a problem and absent instead if it is something other than a map.
    Field map() const;
    // The items of a list; every one must be a map (null is refused: it says nothing). Absent: none.
    std::vector<Field> maps() const;
    static std::vector<Field> maps_of(std::vector<Field> items);
    // The items of a list, of any type. Absent: none.
    std::vector<Field> items() const;
    // The same without a problem, for a second look: what is no list has no items, what is no map is none.
    std::vector<Field> quiet_items() const;
    // The entries of a map. Absent: none.
    std::vector<Field> entries() const;

    // Values; nothing if absent or, with a problem, wrong.
    std::optional<std::string> text() const;
    std::optional<std::string> text(const Rule& rule) const;
    std::optional<std::int64_t> number() const;
    std::optional<bool> boolean() const;
    std::optional<Port> port() const;       // a number, 1-65535
    std::optional<Addr> addr() const;       // not an IPv4-mapped one
    std::optional<Addr> host_addr() const;  // that a pod or service can have: no loopback, multicast, …
    std::optional<Prefix> prefix() const;
    template <class T, std::size_t n>
    std::optional<T> choice(const Choice<T> (&choices)[n]) const;
    bool is_zero() const { return tree_ != nullptr && tree_->kind == Tree::Kind::integer && tree_->text == "0"; }
    bool is_string() const { return tree_ != nullptr && tree_->kind == Tree::Kind::string; }

    // A problem if absent; whether it is present.
    bool require() const;
    // The same for a list, which must not be empty either; its items.
    std::vector<Field> require_items() const;
    // A problem for each entry of this map that is not among `known`.
    void refuse_others(std::initializer_list<std::string_view> known) const;
    // A problem with this field's value.
    void refuse(std::string reason) const;

private:
    Field absent(std::string path) const;
    void wrong_type(const char* wanted) const;
    std::string child_path(std::string_view key) const;

    const Tree* tree_;
    std::string path_;
    int line_;  // of the nearest ancestor, where this is absent
    Report* report_;
};

template <class T, std::size_t n>
std::optional<T> Field::choice(const Choice<T> (&choices)[n]) const {
    const auto given = text();
    if (!given) return {};
    std::string names;
    for (const auto& [name, value] : choices) {
        if (*given == name) return value;
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    refuse("is not one of " + names);
    return {};
}

}  // namespace beeline::source::file
