// Ways to read the values of the configuration: each puts what it reads into its target, or refuses the field.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "base/addr.h"
#include "source/file/field.h"

namespace beeline::agent {

using source::file::Field;

template <class T>
void put(T& target, std::optional<T> value) {
    if (value) target = std::move(*value);
}

inline void put_path(std::string& target, const Field& field, bool may_be_empty = false) {
    const auto path = field.text();
    if (!path) return;
    if (!path->starts_with('/') && !(path->empty() && may_be_empty)) return field.refuse("is not an absolute path");
    target = *path;
}

struct Range {
    std::int64_t low, high;
};
template <class T>
void put_number(T& target, const Field& field, Range range) {
    const auto number = field.number();
    if (!number) return;
    if (*number < range.low || *number > range.high)
        return field.refuse(fmt::format("is outside {}-{}", range.low, range.high));
    target = T(*number);
}

inline void put_power(std::uint32_t& target, const Field& field, Range range) {
    const auto number = field.number();
    if (number && !std::has_single_bit(static_cast<std::uint64_t>(*number)))
        return field.refuse("is not a power of two");
    put_number(target, field, range);
}

inline void put_cidrs(std::vector<Prefix>& target, const Field& field) {
    for (const Field& item : field.items())
        if (const auto prefix = item.prefix()) target.push_back(*prefix);
}

inline void put_texts(std::vector<std::string>& target, const Field& field) {
    for (const Field& item : field.items())
        if (const auto text = item.text()) target.push_back(*text);
}

// A key inside a map.
template <class T>
struct Part {
    std::string_view name;
    void (*read)(const Field& field, T& target);
};

template <class T, std::size_t n>
void put_map(T& target, const Field& field, const Part<T> (&parts)[n]) {
    for (const Field& entry : field.entries()) {
        const auto part = std::ranges::find(parts, entry.key(), &Part<T>::name);
        if (part == std::end(parts))
            entry.report().add(entry.line(), entry.path(), "", "is not a key of the configuration");
        else if (entry.present())
            part->read(entry, target);
    }
}

}  // namespace beeline::agent
