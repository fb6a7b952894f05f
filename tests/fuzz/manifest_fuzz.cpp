// Any bytes as a manifest file: nothing crashes or leaks, and what comes out is fit to be shown and applied.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "source/file/parse.h"

namespace {

using namespace beeline;

// A broken promise of parse_manifests is a finding like a crash.
void expect(bool holds, std::string_view promise) {
    if (holds) return;
    std::cerr << "broken promise: " << promise << "\n";
    std::abort();
}

bool one_line(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// As YAML 1.1 counts them (section 4.2): a line ends with LF, CR, CR LF, NEL, LS or PS.
int lines_of(std::string_view text) {
    int lines = 1;
    for (std::size_t at = 0; at < text.size(); at++) {
        const std::string_view rest = text.substr(at);
        const bool carriage_return = rest[0] == '\r' && !rest.starts_with("\r\n");
        lines += rest[0] == '\n' || carriage_return || rest.starts_with("\xc2\x85") ||
                 rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9");
    }
    return lines;
}

void check(const source::file::ParsedFile& parsed, int lines) {
    std::set<model::Ref> refs;
    for (const model::Object& object : parsed.objects) {
        const model::Ref ref = ref_of(object);
        expect(!ref.name.empty(), "an object has a name");
        expect(refs.insert(ref).second, "an object comes once");
        const int line = origin_of(object).line;
        expect(line >= 1 && line <= lines, "an object has a line of the file");
    }
    for (const model::Problem& problem : parsed.problems) {
        expect(!problem.reason.empty(), "a problem has a reason");
        expect(problem.line >= 0 && problem.line <= lines, "a problem has a line of the file");
        expect(one_line(problem.field + problem.value + problem.reason), "a problem is one line");
    }
    for (const source::file::Ignored& ignored : parsed.ignored)
        expect(one_line(ignored.kind), "a note is one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(source::file::parse_manifests(text, "fuzz.yaml"), lines_of(text));
    return 0;
}
