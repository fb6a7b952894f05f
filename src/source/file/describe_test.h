// What was parsed, in words, so that a test row states all of it.
#pragma once
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "source/file/parse.h"

namespace beeline::source::file {

// A line an object ("Service default/web ports=[TCP 80->80]"), a problem ("! " and its text), an ignored document
// ("~ file:line kind"). Only what is not the default is named.
std::vector<std::string> describe(const ParsedFile& parsed);

struct Row {
    const char* what;
    std::string in;
    std::vector<std::string> out;
};
// Parses `prefix + row.in` as the file "f".
void expect_rows(const std::string& prefix, std::span<const Row> rows);

}  // namespace beeline::source::file
