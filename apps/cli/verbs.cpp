#include "apps/cli/verbs.h"

#include <utility>

namespace beeline::cli {
namespace {

constexpr std::pair<std::string_view, std::string_view> nouns[] = {
    {"endpoint", "the containers Beeline gives a network"},
    {"service", "Kubernetes Services and where they lead"},
    {"policy", "NetworkPolicies, whom they select, what they allow"},
    {"identity", "the sets of labels that policy decides by"},
    {"flow", "the flow table of the datapath"},
    {"hook", "which program sits where in the kernel"},
    {"map", "the eBPF maps and how full they are"},
    {"counter", "packets and bytes by reason"},
};

}  // namespace

std::vector<std::unique_ptr<Verb>> make_verbs() {
    std::vector<std::unique_ptr<Verb>> verbs;
#define X(name) verbs.push_back(make_##name());
    BEELINE_VERBS(X)
#undef X
    return verbs;
}

std::string_view noun_summary(std::string_view noun) {
    for (const auto& [name, summary] : nouns)
        if (name == noun) return summary;
    return "";
}

}  // namespace beeline::cli
