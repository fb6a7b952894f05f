// The type of a plain (unquoted) YAML scalar.
#pragma once
#include <string_view>

#include "source/file/tree.h"

namespace beeline::source::file {

// YAML 1.1 as go-yaml reads it for Kubernetes. Base-60 numbers, numbers with "_" and timestamps are strings.
Tree::Kind resolve_plain(std::string_view text);

// The value of an integer scalar: decimal, 0x, 0b, 0o and leading 0 (octal); nothing if it does not fit.
std::optional<std::int64_t> integer_value(std::string_view text);

// The value of a boolean scalar.
bool boolean_value(std::string_view text);

}  // namespace beeline::source::file
