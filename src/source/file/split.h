// A file's YAML documents, cut apart before any of them is parsed, so that a syntax error stays in its own document.
#pragma once
#include <string_view>
#include <vector>

namespace beeline::source::file {

struct Chunk {
    std::string_view text;  // of the argument; with its "---" and directives
    int line = 1;           // of the file, where the text begins; 1-based
};
// Cuts at "---" and after "...", at column 0 and followed by white space: YAML 1.1 lets neither be content there,
// not even in a block scalar. A byte order mark is skipped. Chunks may be empty or hold only comments.
std::vector<Chunk> split_documents(std::string_view text);

}  // namespace beeline::source::file
