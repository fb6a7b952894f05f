// beeline apply
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <iterator>
#include <ostream>

#include "api/client/target.h"
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"
#include "base/file.h"

namespace beeline::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

bool is_manifest(const fs::path& path) {
    const auto extension = path.extension();
    return !path.filename().string().starts_with('.') &&
           (extension == ".yaml" || extension == ".yml" || extension == ".json");
}

// A folder stands for the manifests directly in it, ordered by name.
Result<std::vector<std::string>> files_of(const std::string& word) {
    std::error_code ec;
    if (word == "-" || !fs::is_directory(word, ec)) return std::vector{word};
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(word, ec))
        if (is_manifest(entry.path()) && entry.is_regular_file(ec)) files.push_back(entry.path().string());
    if (ec) return fail(Errc::io, fmt::format("{}: {}", word, ec.message()), ec.value());
    if (files.empty()) return fail(Errc::not_found, word + ": no .yaml, .yml or .json file in this directory");
    std::ranges::sort(files);
    return files;
}

struct Totals {
    std::size_t files = 0, objects = 0, problems = 0;
};

class Apply : public Verb {
public:
    Spec spec() const override {
        return {
            "apply", "check manifests before they go into the manifests directory",
            "The agent reads its manifests directory by itself: a file is put in force by copying it there. With\n"
            "--dry-run this command asks the agent what would happen: each file is parsed and checked against\n"
            "everything in force, as the replacement of the file of the same name if there is one. Nothing changes.\n\n"
            "Every problem is printed as file:line: field: value: reason. Exits with 0 if there is none, with 1 if\n"
            "there are problems, with 2 if a file cannot be read or the agent cannot be reached.",
            "beeline apply --dry-run -f web.yaml && cp web.yaml /etc/beeline/manifests/\n"
            "beeline apply --dry-run -f manifests/ -f extra.json\n"
            "kubectl get networkpolicy -A -o yaml | beeline apply --dry-run -f -"};
    }
    void declare(Declare& declare) override {
        declare.flag({"--dry-run", "", "Check only. The agent knows no other way, so this is needed."}, dry_run_);
        declare.list({"-f,--file", "FILE|DIR|-",
                      "A file, a directory of .yaml, .yml and .json files, or '-' for the "
                      "standard input.",
                      true},
                     words_);
    }
    Result<int> run(Context& c) override {
        if (!dry_run_)
            return c.usage(
                "apply: the agent takes manifests from its manifests directory (its option --manifests): "
                "put the file there. 'beeline apply --dry-run -f FILE' says beforehand what would happen");
        json::array results;
        Totals totals;
        for (const auto& word : words_) {
            const auto files = files_of(word);
            if (!files) return c.usage(files.error().what);
            for (const auto& file : *files) {
                auto content = read(c, file);
                if (!content) return c.usage(content.error().what);
                auto result = TRY(validate(c, file, std::move(*content)));
                add(c, result, totals);
                results.push_back(std::move(result));
            }
        }
        c.show(results, [&] {
            const auto problems = counted(totals.problems, "problem", "problems");
            c.out() << counted(totals.objects, "object", "objects") << " in " << counted(totals.files, "file", "files")
                    << ", "
                    << (totals.problems == 0 ? paint("no problems", Tone::good, c.color())
                                             : paint(problems, Tone::bad, c.color()))
                    << "\n";
        });
        return totals.problems == 0 ? exit_ok : exit_negative;
    }

private:
    static Result<std::string> read(Context& c, const std::string& file) {
        if (file == "-") return std::string(std::istreambuf_iterator<char>(c.in()), {});
        return read_file(file);
    }

    static Result<json::value> validate(Context& c, const std::string& file, std::string content) {
        const auto name = file == "-" ? std::string("stdin") : file;
        auto answer =
            TRY(c.agent().post_text(api::client::target({"v1", "validate"}, {{"file", name}}), std::move(content)));
        json::object out{{"file", name}};
        if (answer.is_object())
            for (auto& member : answer.get_object())
                out[member.key()] = std::move(member.value());
        return out;
    }

    static void add(Context& c, const json::value& result, Totals& totals) {
        totals.files += 1;
        totals.objects += list_at(result, "objects").size();
        totals.problems += list_at(result, "problems").size();
        if (c.format() != Format::table) return;
        const auto file = text_at(result, "file");
        for (const auto& problem : list_at(result, "problems"))
            c.out() << text_at(problem, "text") << "\n";
        for (const auto& object : list_at(result, "objects"))
            for (const auto& limit : list_at(object, "limits"))
                c.out() << fmt::format("{}:{}: {} {}/{}: {}: {}\n", file, text_at(object, "line"),
                                       text_at(object, "kind"), text_at(object, "namespace"), text_at(object, "name"),
                                       paint("would not be enforced", Tone::warn, c.color()),
                                       limit.is_string() ? limit.get_string().c_str() : "");
        for (const auto& ignored : list_at(result, "ignored"))
            c.out() << fmt::format("{}: {}: {}\n", file, paint("ignored", Tone::faint, c.color()),
                                   ignored.is_string() ? ignored.get_string().c_str() : "");
    }

    bool dry_run_ = false;
    std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Verb> make_apply() {
    return std::make_unique<Apply>();
}

}  // namespace beeline::cli
