// The list of verbs, in the order of the help. A new verb: its file in verbs/, and its line here.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "apps/cli/verb.h"

namespace beeline::cli {

// X(name): verbs/<name>.cpp defines make_<name>().
#define BEELINE_VERBS(X) \
    X(status)            \
    X(endpoint_add)      \
    X(endpoint_list)     \
    X(endpoint_get)      \
    X(endpoint_delete)   \
    X(service_list)      \
    X(service_get)       \
    X(policy_list)       \
    X(policy_get)        \
    X(identity_list)     \
    X(flow_list)         \
    X(flow_flush)        \
    X(observe)           \
    X(hook_list)         \
    X(map_list)          \
    X(counter_list)      \
    X(dump)              \
    X(apply)             \
    X(doctor)            \
    X(completion)        \
    X(version)           \
    X(complete)          \
    X(reference)

#define X(name) std::unique_ptr<Verb> make_##name();
BEELINE_VERBS(X)
#undef X

std::vector<std::unique_ptr<Verb>> make_verbs();

// What a noun is, for the help; "" for a word that is none.
std::string_view noun_summary(std::string_view noun);

}  // namespace beeline::cli
