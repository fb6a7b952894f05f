#include "apps/agent/passing.h"

#include <fmt/format.h>

#include <sstream>

#include "base/file.h"

namespace beeline::agent {
namespace {

std::string file_of(const std::string& run_dir) {
    return run_dir + "/state/passing";
}

}  // namespace

Result<Passing> load_passing(const std::string& run_dir) {
    const auto text = read_file(file_of(run_dir));
    if (!text && text.error().code == Errc::not_found) return Passing{};
    std::istringstream lines(TRY(text));
    Passing passing;
    for (std::string pod, where; lines >> pod >> where;) {
        const auto name = model::parse_name(pod);
        const auto addr = parse_addr(where);
        if (name && addr) passing.emplace(*name, *addr);
    }
    return passing;
}

Result<> save_passing(const std::string& run_dir, const Passing& passing) {
    std::string text;
    for (const auto& [name, addr] : passing)
        text += fmt::format("{} {}\n", model::to_string(name), to_string(addr));
    return write_file(file_of(run_dir), text, 0600);
}

}  // namespace beeline::agent
