// JSON writes characters beyond U+FFFF as two escapes ("\ud83d\ude00"), which YAML does not know.
#pragma once
#include <string>
#include <string_view>

namespace beeline::source::file {

// A JSON document (its first character is '{' or '[') with an escaped surrogate in it.
bool has_surrogates(std::string_view document);

// Each escaped pair as its UTF-8 character; a lone surrogate stays for the parser to refuse. Lines do not change.
std::string decode_surrogates(std::string_view document);

}  // namespace beeline::source::file
