#include "kernel/turns.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace beeline::kernel {
namespace {

using Weights = std::vector<std::uint64_t>;

// Without what all of them have in common, so that a round is short.
Weights reduced(std::span<const std::uint16_t> weights) {
    Weights all;
    std::uint64_t divisor = 0;
    for (const std::uint16_t weight : weights) {
        all.push_back(std::max<std::uint64_t>(weight, 1));
        divisor = std::gcd(divisor, all.back());
    }
    for (std::uint64_t& weight : all)
        weight /= divisor;
    return all;
}

void scale(Weights& weights) {
    const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
    if (sum <= most_turns) return;
    for (std::uint64_t& weight : weights)
        weight = std::max<std::uint64_t>((weight * most_turns + sum / 2) / sum, 1);
}

// Turn k of n stands in the middle of the k-th of n equal parts of the round: at (2k + 1) / 2n.
struct Turn {
    std::uint64_t twice, weight;
    abi::u16 backend;

    bool operator<(const Turn& other) const {
        const std::uint64_t here = twice * other.weight, there = other.twice * weight;
        return std::tie(here, backend) < std::tie(there, other.backend);
    }
};

}  // namespace

Places turns_of(std::span<const std::uint16_t> given) {
    Weights weights = reduced(given);
    scale(weights);
    std::vector<Turn> turns;
    for (std::size_t i = 0; i < weights.size(); i++)
        for (std::uint64_t k = 0; k < weights[i]; k++)
            turns.push_back({2 * k + 1, weights[i], static_cast<abi::u16>(i)});
    std::ranges::sort(turns, std::less<>{});
    Places order;
    order.reserve(turns.size());
    for (const Turn& turn : turns)
        order.push_back(turn.backend);
    return order;
}

}  // namespace beeline::kernel
