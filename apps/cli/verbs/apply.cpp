// beeline apply
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <iterator>
#include <ostream>
#include <set>

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
            "everything in force and against the other files given, as the replacement of the file of the same name\n"
            "if there is one. Nothing changes.\n\n"
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
        auto files = read_all(c);
        if (!files) return c.usage(files.error().what);
        const auto answer = TRY(c.agent().post("/v1/validate", json::object{{"files", std::move(*files)}}));
        Totals totals;
        for (const auto& result : list_at(answer, "files"))
            add(c, result, totals);
        c.show(list_at(answer, "files"), [&] {
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
    // Together, because they may collide with each other. Who is named twice is read once.
    Result<json::array> read_all(Context& c) const {
        json::array all;
        std::set<std::string> seen;
        for (const auto& word : words_) {
            for (const auto& file : TRY(files_of(word))) {
                std::error_code ec;
                if (!seen.insert(fs::weakly_canonical(file, ec).string()).second) continue;
                const bool standard_input = file == "-";
                auto text =
                    standard_input ? std::string(std::istreambuf_iterator<char>(c.in()), {}) : TRY(read_file(file));
                all.emplace_back(json::object{{"file", standard_input ? "stdin" : file}, {"text", std::move(text)}});
            }
        }
        return all;
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
