#include "source/file/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "source/file/field.h"
#include "source/file/kinds.h"
#include "source/file/split.h"
#include "source/file/tree.h"

namespace beeline::source::file {
namespace {

// Also of a version that is not read; null: any kind.
const KindRow* kind_said(const Tree& tree) {
    const auto text = [&](std::string_view key) -> std::string_view {
        const Tree* value = tree.find(key);
        return value != nullptr && value->kind == Tree::Kind::string ? std::string_view(value->text) : "";
    };
    return find_near_kind(text("apiVersion"), text("kind"));
}

class Parser {
public:
    explicit Parser(std::string file) : file_(std::move(file)) {}

    void document(const Chunk& chunk);
    void parse(const Chunk& chunk);
    void refuse(int line, std::string reason) { out_.problems.push_back({file_, line, "", "", std::move(reason), {}}); }
    ParsedFile finish();

private:
    // `implied`: what an item of a ServiceList is that does not say it itself. Null elsewhere.
    void value(const Tree& tree, const KindRow* implied);
    bool list(const Tree& tree, std::string_view api_version, std::string_view kind);
    const KindRow* row_of(const Field& root, const KindRow* implied);
    void object(const Field& root, const KindRow& row);
    void keep(Report& report, const std::optional<model::Ref>& object);
    void keep_unidentified(Report& report, const KindRow* row);

    std::string file_;
    ParsedFile out_;
    std::map<model::Ref, int> lines_;  // of the objects so far, refused ones as well
};

void Parser::keep(Report& report, const std::optional<model::Ref>& object) {
    for (model::Problem& problem : report.take(object))
        out_.problems.push_back(std::move(problem));
}

// `row`: the document's kind, if that much is known.
void Parser::keep_unidentified(Report& report, const KindRow* row) {
    for (model::Problem& problem : report.take({})) {
        if (row != nullptr) problem.kind = row->kind;
        out_.problems.push_back(std::move(problem));
    }
}

void Parser::document(const Chunk& chunk) {
    const std::size_t before = out_.objects.size();
    parse(chunk);
    if (out_.objects.size() == before) return;
    Document document{chunk.line, std::string(chunk.text), {}};
    for (std::size_t i = before; i < out_.objects.size(); ++i)
        document.objects.insert(model::ref_of(out_.objects[i]));
    out_.documents.push_back(std::move(document));
}

void Parser::parse(const Chunk& chunk) {
    const auto tree = parse_tree(chunk);
    if (!tree)
        refuse(tree.error().line, tidy(tree.error().reason, longest_path));
    else if (*tree)
        value(**tree, nullptr);
}

void Parser::value(const Tree& tree, const KindRow* implied) {
    Report report(file_);
    if (tree.kind != Tree::Kind::map) {
        report.add(tree.line, "", tree.text, fmt::format("is {}, not an object", kind_text(tree.kind)));
        return keep_unidentified(report, implied);
    }
    const Field root(tree, "", report);
    if (const KindRow* row = row_of(root, implied)) return object(root, *row);
    keep_unidentified(report, kind_said(tree));
}

// The row to read the document by. Null: a list (read here), a kind to ignore (noted), or a problem.
const KindRow* Parser::row_of(const Field& root, const KindRow* implied) {
    const Field version_field = root.at("apiVersion"), kind_field = root.at("kind");
    if (implied != nullptr && !version_field.present() && !kind_field.present()) return implied;
    version_field.require();
    kind_field.require();
    const auto version = version_field.text(), kind = kind_field.text();
    if (!version || !kind) return nullptr;
    if (const KindRow* row = find_kind(*version, *kind)) return row;
    if (list(root.tree(), *version, *kind)) return nullptr;
    if (const KindRow* near = find_near_kind(*version, *kind))
        version_field.refuse(fmt::format("is not the version of {} that is read: {}", near->name, near->api_version));
    else
        out_.ignored.push_back({{file_, root.line()}, tidy(fmt::format("{} {}", *version, *kind), longest_value)});
    return nullptr;
}

// Whether it is a List, or the typed list of a kind that is read; its items are documents of their own.
bool Parser::list(const Tree& tree, std::string_view api_version, std::string_view kind) {
    constexpr std::string_view suffix = "List";
    if (!kind.ends_with(suffix)) return false;
    const KindRow* implied = find_kind(api_version, kind.substr(0, kind.size() - suffix.size()));
    if (implied == nullptr && !(kind == suffix && api_version == "v1")) return false;
    const Tree* items = tree.find("items");
    if (items == nullptr || items->kind == Tree::Kind::null) return true;
    if (items->kind != Tree::Kind::list) {
        Report report(file_);
        report.add(items->line, "items", items->text, fmt::format("is {}, not a list", kind_text(items->kind)));
        keep_unidentified(report, implied);
        return true;
    }
    for (const Tree& item : items->children)
        value(item, implied);
    return true;
}

void Parser::object(const Field& root, const KindRow& row) {
    Report& report = root.report();
    model::Meta meta = read_meta(root, row.meta);
    const bool identified = !meta.name.empty() && (!row.meta.namespaced || !meta.ns.empty());
    const model::Ref ref{row.kind, meta.ns, meta.name};
    if (!identified) {
        row.read(root, std::move(meta));
        return keep_unidentified(report, &row);
    }
    const auto [first, added] = lines_.emplace(ref, root.line());
    if (!added) {
        const Field name = root.at("metadata").at("name");
        report.add(root.line(), name.path(), ref.name, fmt::format("is defined already, on line {}", first->second));
        return keep(report, ref);
    }
    auto object = row.read(root, std::move(meta));
    if (!report.clean()) return keep(report, ref);
    if (object)
        out_.objects.push_back(std::move(*object));
    else
        out_.ignored.push_back({{file_, root.line()}, fmt::format("{} {}", row.api_version, row.name)});
}

ParsedFile Parser::finish() {
    auto& problems = out_.problems;
    std::ranges::sort(problems, {}, [](const model::Problem& p) { return std::tie(p.line, p.field, p.reason); });
    if (problems.size() > max_file_problems) {
        const std::size_t more = problems.size() - max_file_problems;
        problems.resize(max_file_problems);
        refuse(0, fmt::format("has {} more problems", more));
    }
    return std::move(out_);
}

}  // namespace

ParsedFile parse_manifests(std::string_view text, std::string file) {
    Parser parser(std::move(file));
    if (text.size() > max_file_bytes)
        parser.refuse(0, fmt::format("is longer than {} bytes", max_file_bytes));
    else
        for (const Chunk& chunk : split_documents(text))
            parser.document(chunk);
    return parser.finish();
}

ParsedFile parse_document(const Document& document, std::string file) {
    Parser parser(std::move(file));
    parser.document({document.text, document.line});
    return parser.finish();
}

}  // namespace beeline::source::file
