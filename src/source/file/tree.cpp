#include "source/file/tree.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/result.h"
#include "source/file/scalar.h"
#include "source/file/surrogates.h"

namespace beeline::source::file {
namespace {

template <class T = void>
using Parsed = std::expected<T, Malformed>;

std::string_view view(const yaml_char_t* text) {
    return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text);
}

// Size and height of a subtree.
struct Extent {
    std::size_t values = 1;
    unsigned height = 1;
};
Extent extent_of(const Tree& tree) {
    Extent extent;
    for (const Tree& child : tree.children) {
        const Extent inner = extent_of(child);
        extent.values += inner.values;
        extent.height = std::max(extent.height, inner.height + 1);
    }
    return extent;
}

struct Event {
    yaml_event_t raw{};
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { yaml_event_delete(&raw); }
};

struct Parser {
    yaml_parser_t raw{};
    explicit Parser(std::string_view text) {
        yaml_parser_initialize(&raw);
        yaml_parser_set_encoding(&raw, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&raw, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    ~Parser() { yaml_parser_delete(&raw); }
};

class Builder {
public:
    Builder(std::string_view text, int first_line, const Bounds& bounds)
        : text_(text), first_line_(first_line), bounds_(bounds), parser_(text) {}

    Parsed<std::optional<Tree>> document();

private:
    struct Anchored {
        Tree tree;
        Extent extent;
    };

    Parsed<> next(Event& event);
    Parsed<Tree> value(const yaml_event_t& event, unsigned depth);
    Parsed<Tree> scalar(const yaml_event_t& event);
    Parsed<Tree> list(const yaml_event_t& event, unsigned depth);
    Parsed<Tree> map(const yaml_event_t& event, unsigned depth);
    Parsed<Tree> alias(const yaml_event_t& event, unsigned depth);
    Parsed<> remember(const yaml_char_t* anchor, const Tree& tree);
    Parsed<> spend_on_aliases(std::size_t values, int line);

    int line_of(const yaml_mark_t& mark) const { return first_line_ + static_cast<int>(mark.line); }

    std::string_view text_;
    int first_line_;
    Bounds bounds_;
    Parser parser_;
    std::unordered_map<std::string, Anchored> anchors_;
    std::size_t values_ = 0, aliased_values_ = 0;
};

Parsed<> Builder::next(Event& event) {
    if (yaml_parser_parse(&parser_.raw, &event.raw) != 0) return {};
    const yaml_parser_t& p = parser_.raw;
    // The reader knows bytes, not lines; the others stop on the line after the document if its end is missing.
    const bool at_byte = p.error == YAML_READER_ERROR;
    const auto before = text_.substr(0, at_byte ? p.problem_offset : text_.find_last_not_of(" \t\r\n") + 1);
    const int last = first_line_ + static_cast<int>(std::ranges::count(before, '\n'));
    const int line = at_byte ? last : std::min(last, line_of(p.problem_mark));
    const std::string problem = p.problem == nullptr ? "out of memory" : p.problem;
    return std::unexpected(Malformed{line, "not valid YAML: " + problem});
}

Parsed<> Builder::spend_on_aliases(std::size_t values, int line) {
    aliased_values_ += values;
    if (aliased_values_ <= bounds_.aliased_values) return {};
    return std::unexpected(
        Malformed{line, fmt::format("anchors and aliases hold more than {} values", bounds_.aliased_values)});
}

Parsed<> Builder::remember(const yaml_char_t* anchor, const Tree& tree) {
    if (anchor == nullptr) return {};
    const Extent extent = extent_of(tree);
    CHECK(spend_on_aliases(extent.values, tree.line));
    anchors_.insert_or_assign(std::string(view(anchor)), Anchored{tree, extent});
    return {};
}

Parsed<Tree> Builder::alias(const yaml_event_t& event, unsigned depth) {
    const int line = line_of(event.start_mark);
    const std::string_view name = view(event.data.alias.anchor);
    const auto found = anchors_.find(std::string(name));
    if (found == anchors_.end())
        return std::unexpected(Malformed{line, fmt::format("alias '{}' has no anchor before it", name)});
    const auto& [tree, extent] = found->second;
    if (depth + extent.height > bounds_.depth)
        return std::unexpected(Malformed{line, fmt::format("nested deeper than {} levels", bounds_.depth)});
    CHECK(spend_on_aliases(extent.values, line));
    return tree;
}

Parsed<Tree> Builder::scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    Tree tree;
    tree.line = line_of(event.start_mark);
    tree.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    constexpr std::string_view core = "tag:yaml.org,2002:";
    const std::string_view tag = view(scalar.tag);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    tree.quoted = !plain;
    if (tag.empty() ? !plain : tag == "!" || tag == "tag:yaml.org,2002:str")
        tree.kind = Tree::Kind::string;
    else if (tag.empty() || tag.starts_with(core))
        tree.kind = resolve_plain(tree.text);
    else
        return std::unexpected(Malformed{tree.line, fmt::format("tag '{}' is not supported", tag)});
    CHECK(remember(scalar.anchor, tree));
    return tree;
}

Parsed<Tree> Builder::value(const yaml_event_t& event, unsigned depth) {
    const int line = line_of(event.start_mark);
    if (++values_ > bounds_.values)
        return std::unexpected(Malformed{line, fmt::format("holds more than {} values", bounds_.values)});
    if (depth >= bounds_.depth)
        return std::unexpected(Malformed{line, fmt::format("nested deeper than {} levels", bounds_.depth)});
    switch (event.type) {
        case YAML_ALIAS_EVENT:
            return alias(event, depth);
        case YAML_SCALAR_EVENT:
            return scalar(event);
        case YAML_SEQUENCE_START_EVENT:
            return list(event, depth);
        case YAML_MAPPING_START_EVENT:
            return map(event, depth);
        default:
            return std::unexpected(Malformed{line, "not valid YAML: unexpected end"});
    }
}

Parsed<Tree> Builder::list(const yaml_event_t& event, unsigned depth) {
    Tree tree;
    tree.kind = Tree::Kind::list;
    tree.line = line_of(event.start_mark);
    for (;;) {
        Event item;
        CHECK(next(item));
        if (item.raw.type == YAML_SEQUENCE_END_EVENT) break;
        tree.children.push_back(TRY(value(item.raw, depth + 1)));
    }
    CHECK(remember(event.data.sequence_start.anchor, tree));
    return tree;
}

Parsed<> check_unique(const Tree& map) {
    std::unordered_map<std::string_view, int> lines;
    for (const Tree& entry : map.children) {
        const auto [first, added] = lines.emplace(entry.key, entry.line);
        if (added) continue;
        return std::unexpected(Malformed{
            entry.line, fmt::format("key '{}' is given twice in one map, first on line {}", entry.key, first->second)});
    }
    return {};
}

// "<<: *defaults": the entries of the other map, where this one has none of that name.
Parsed<> merge_into(Tree& map, Tree merged) {
    if (merged.kind == Tree::Kind::list) {
        for (Tree& item : merged.children) {
            if (item.kind == Tree::Kind::list) item.kind = Tree::Kind::null;
            CHECK(merge_into(map, std::move(item)));
        }
        return {};
    }
    if (merged.kind != Tree::Kind::map)
        return std::unexpected(Malformed{merged.line, "'<<' takes a map or a list of maps"});
    for (Tree& entry : merged.children)
        if (map.find(entry.key) == nullptr) map.children.push_back(std::move(entry));
    return {};
}

Parsed<Tree> Builder::map(const yaml_event_t& event, unsigned depth) {
    Tree tree;
    tree.kind = Tree::Kind::map;
    tree.line = line_of(event.start_mark);
    std::vector<Tree> merges;
    for (;;) {
        Event key, content;
        CHECK(next(key));
        if (key.raw.type == YAML_MAPPING_END_EVENT) break;
        const int line = line_of(key.raw.start_mark);
        if (key.raw.type != YAML_SCALAR_EVENT) return std::unexpected(Malformed{line, "a key is not a string"});
        const auto& name = key.raw.data.scalar;
        CHECK(next(content));
        Tree entry = TRY(value(content.raw, depth + 1));
        entry.key.assign(reinterpret_cast<const char*>(name.value), name.length);
        if (entry.kind == Tree::Kind::map || entry.kind == Tree::Kind::list) entry.line = line;
        const bool merge = name.style == YAML_PLAIN_SCALAR_STYLE && entry.key == "<<";
        (merge ? merges : tree.children).push_back(std::move(entry));
    }
    CHECK(check_unique(tree));
    for (Tree& merge : merges)
        CHECK(merge_into(tree, std::move(merge)));
    CHECK(remember(event.data.mapping_start.anchor, tree));
    return tree;
}

Parsed<std::optional<Tree>> Builder::document() {
    Event stream_start, start, root, end, stream_end;
    CHECK(next(stream_start));
    CHECK(next(start));
    if (start.raw.type == YAML_STREAM_END_EVENT) return std::nullopt;
    CHECK(next(root));
    Tree tree = TRY(value(root.raw, 0));
    CHECK(next(end));
    CHECK(next(stream_end));
    if (stream_end.raw.type != YAML_STREAM_END_EVENT)
        return std::unexpected(
            Malformed{line_of(stream_end.raw.start_mark), "not valid YAML: more after the document"});
    if (tree.kind == Tree::Kind::null) return std::nullopt;
    return tree;
}

}  // namespace

const Tree* Tree::find(std::string_view name) const {
    const auto entry = std::ranges::find(children, name, &Tree::key);
    return entry == children.end() ? nullptr : &*entry;
}

const char* kind_text(Tree::Kind kind) {
    switch (kind) {
        case Tree::Kind::null:
            return "null";
        case Tree::Kind::boolean:
            return "a boolean";
        case Tree::Kind::integer:
        case Tree::Kind::real:
            return "a number";
        case Tree::Kind::string:
            return "a string";
        case Tree::Kind::list:
            return "a list";
        case Tree::Kind::map:
            return "a map";
    }
    return "unknown";
}

std::expected<std::optional<Tree>, Malformed> parse_tree(const Chunk& chunk, const Bounds& bounds) {
    if (!has_surrogates(chunk.text)) return Builder(chunk.text, chunk.line, bounds).document();
    const std::string decoded = decode_surrogates(chunk.text);
    return Builder(decoded, chunk.line, bounds).document();
}

}  // namespace beeline::source::file
