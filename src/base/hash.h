// FNV-1a, 32 bits: small stable numbers for names. Not for adversarial input.
#pragma once
#include <cstdint>
#include <string_view>

namespace beeline {

inline constexpr std::uint32_t fnv1a_basis = 2166136261U;

// Continue a hash by passing the previous result as `hash`.
constexpr std::uint32_t fnv1a(std::string_view bytes, std::uint32_t hash = fnv1a_basis) {
    for (const char byte : bytes)
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * 16777619U;
    return hash;
}

}  // namespace beeline
