#include "source/file/field.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/file/scalar.h"

namespace beeline::source::file {
namespace {

constexpr std::size_t most_problems = 100;  // of one object

}  // namespace

std::string tidy(std::string_view text, std::size_t limit) {
    std::string out(text.substr(0, limit));
    if (text.size() > limit) {
        const auto continues = [&] {
            return !out.empty() && (static_cast<unsigned char>(text[out.size()]) & 0xc0) == 0x80;
        };
        while (continues())
            out.pop_back();
        out += "...";
    }
    std::ranges::replace_if(out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return out;
}

void Report::add(int line, std::string_view field, std::string_view value, std::string reason) {
    if (problems_.size() < most_problems)
        problems_.push_back(
            {file_, line, tidy(field, longest_path), tidy(value, longest_value), std::move(reason), {}});
}

std::vector<model::Problem> Report::take(const std::optional<model::Ref>& object) {
    for (model::Problem& problem : problems_)
        problem.object = object;
    return std::exchange(problems_, {});
}

std::string Field::child_path(std::string_view key) const {
    std::string path;
    path.reserve(path_.size() + 1 + key.size());
    path += path_;
    if (!path.empty()) path += '.';
    return path += key;
}

Field Field::absent(std::string path) const {
    Field field = *this;
    field.tree_ = nullptr;
    field.path_ = std::move(path);
    return field;
}

Field Field::at(std::string_view key) const {
    const Tree* entry = present() ? tree_->find(key) : nullptr;
    return entry == nullptr ? absent(child_path(key)) : Field(*entry, child_path(key), *report_);
}

Field Field::map() const {
    if (!present() || tree_->kind == Tree::Kind::map) return *this;
    wrong_type("a map");
    return absent(path_);
}

std::vector<Field> Field::items() const {
    std::vector<Field> fields;
    if (!present()) return fields;
    if (tree_->kind != Tree::Kind::list) {
        wrong_type("a list");
        return fields;
    }
    fields.reserve(tree_->children.size());
    for (const Tree& item : tree_->children)
        fields.emplace_back(item, fmt::format("{}[{}]", path_, fields.size()), *report_);
    return fields;
}

std::vector<Field> Field::quiet_items() const {
    const bool list = tree_ != nullptr && tree_->kind == Tree::Kind::list;
    std::vector<Field> fields = list ? items() : std::vector<Field>{};
    std::erase_if(fields, [](const Field& field) { return field.tree_->kind != Tree::Kind::map; });
    return fields;
}

std::vector<Field> Field::maps() const {
    return maps_of(items());
}

std::vector<Field> Field::maps_of(std::vector<Field> fields) {
    std::erase_if(fields, [](const Field& field) {
        const bool wrong = field.tree_->kind != Tree::Kind::map;
        if (wrong) field.wrong_type("a map");
        return wrong;
    });
    return fields;
}

std::vector<Field> Field::entries() const {
    std::vector<Field> fields;
    if (!map().present()) return fields;
    fields.reserve(tree_->children.size());
    for (const Tree& entry : tree_->children)
        fields.emplace_back(entry, child_path(entry.key), *report_);
    return fields;
}

std::optional<std::string> Field::text() const {
    if (!present()) return {};
    if (tree_->kind == Tree::Kind::string) return tree_->text;
    wrong_type("a string");
    return {};
}

std::optional<std::string> Field::text(const Rule& rule) const {
    auto given = text();
    if (!given || rule.holds(*given)) return given;
    refuse(rule.broken);
    return {};
}

std::optional<std::int64_t> Field::number() const {
    if (!present()) return {};
    if (tree_->kind == Tree::Kind::integer) {
        const auto value = integer_value(tree_->text);
        if (!value) refuse("is too large a number");
        return value;
    }
    if (tree_->kind == Tree::Kind::real)
        refuse("is not a whole number");
    else
        wrong_type("a number");
    return {};
}

std::optional<bool> Field::boolean() const {
    if (!present()) return {};
    if (tree_->kind == Tree::Kind::boolean) return boolean_value(tree_->text);
    wrong_type("a boolean");
    return {};
}

std::optional<Port> Field::port() const {
    const auto value = number();
    if (!value) return {};
    if (*value >= 1 && *value <= 65535) return Port{static_cast<std::uint16_t>(*value)};
    refuse("is outside 1-65535");
    return {};
}

std::optional<Addr> Field::addr() const {
    const auto given = text();
    if (!given) return {};
    const auto addr = parse_addr(*given);
    // One host in two spellings would slip past comparisons.
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (!addr)
        refuse("is not an IP address");
    else if (!addr->v4() && std::equal(mapped.begin(), mapped.end(), addr->bytes.begin()))
        refuse("is an IPv4-mapped IPv6 address; write it as IPv4");
    else
        return *addr;
    return {};
}

std::optional<Addr> Field::host_addr() const {
    const auto given = addr();
    if (!given) return {};
    const auto& b = given->bytes;
    const bool unusable4 = b[0] == 0 || b[0] == 127 || b[0] >= 224 || (b[0] == 169 && b[1] == 254);
    const bool all_zero = std::all_of(b.begin(), b.end() - 1, [](auto byte) { return byte == 0; });
    const bool unusable6 = (all_zero && b[15] <= 1) || b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
    if (!(given->v4() ? unusable4 : unusable6)) return given;
    refuse("is an unspecified, loopback, link-local or multicast address");
    return {};
}

std::optional<Prefix> Field::prefix() const {
    const auto given = text();
    if (!given) return {};
    const auto prefix = parse_prefix(*given);
    if (prefix) return *prefix;
    refuse(prefix.error().what.substr(given->size() + std::string_view("'' ").size()));
    return {};
}

void Field::refuse_others(std::initializer_list<std::string_view> known) const {
    for (const Field& entry : entries())
        if (std::ranges::find(known, entry.key()) == known.end()) entry.refuse("is an unknown field");
}

bool Field::require() const {
    if (!present()) report_->add(line_, path_, "", "is required");
    return present();
}

std::vector<Field> Field::require_items() const {
    const bool empty_list = present() && tree_->kind == Tree::Kind::list && tree_->children.empty();
    if (!present() || empty_list) report_->add(line_, path_, "", "is required");
    return items();
}

void Field::refuse(std::string reason) const {
    report_->add(line_, path_, tree_ == nullptr ? "" : std::string_view(tree_->text), std::move(reason));
}

void Field::wrong_type(const char* wanted) const {
    const bool plain_word = tree_->kind == Tree::Kind::string && !tree_->quoted;
    const bool quotes_help = std::string_view(wanted) == "a string" && !tree_->text.empty();
    if (plain_word)
        refuse(fmt::format("is not {}", wanted));
    else
        refuse(fmt::format("is {}, not {}{}", kind_text(tree_->kind), wanted, quotes_help ? "; quote it" : ""));
}

}  // namespace beeline::source::file
