#include "kernel/maglev.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>

#include "abi/hash.h"

namespace beeline::kernel {
namespace {

// What is hashed of a backend. Nodes that run together must agree on it: it never changes.
struct Hashed {
    abi::u8 addr[16];
    abi::u16 port, family;
    abi::u32 seed;
};
static_assert(abi::is_wire<Hashed> && sizeof(Hashed) == 24);

std::uint32_t hash_of(const plan::Backend& backend, std::uint32_t seed) {
    Hashed hashed{.addr = {},
                  .port = backend.port.value,
                  .family = static_cast<abi::u16>(backend.addr.v4() ? 4 : 6),
                  .seed = seed};
    std::memcpy(hashed.addr, backend.addr.bytes.data(), backend.addr.v4() ? 4 : 16);
    return abi::mix(hashed);
}

// A backend's order of preference among the places, as far as it has got.
struct Step {
    std::uint32_t place, step;

    static Step of(const plan::Backend& backend) {
        return {hash_of(backend, 0) % maglev_places, hash_of(backend, 1) % (maglev_places - 1) + 1};
    }
    void advance() { place = (place + step) % maglev_places; }
};

}  // namespace

Result<Places> maglev_table(const std::vector<plan::Backend>& backends) {
    if (backends.size() > maglev_places)
        return fail(Errc::exhausted,
                    fmt::format("{} backends: a table of maglev has {} places", backends.size(), maglev_places));
    if (backends.empty()) return Places{};
    std::vector<abi::u16> order(backends.size());
    std::iota(order.begin(), order.end(), abi::u16{0});
    std::ranges::sort(order, {}, [&](abi::u16 i) { return std::tie(backends[i].addr, backends[i].port); });
    std::vector<Step> steps;
    std::vector<std::uint16_t> weights;
    for (const abi::u16 number : order) {
        steps.push_back(Step::of(backends[number]));
        weights.push_back(backends[number].weight);
    }
    const Places turns = turns_of(weights);
    constexpr abi::u16 nobody = 0xffff;
    Places table(maglev_places, nobody);
    for (std::uint32_t taken = 0; taken < maglev_places; taken++) {
        const abi::u16 whose = turns[taken % turns.size()];
        Step& step = steps[whose];
        while (table[step.place] != nobody)
            step.advance();
        table[step.place] = order[whose];
    }
    return table;
}

}  // namespace beeline::kernel
