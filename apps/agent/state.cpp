#include "apps/agent/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "apps/agent/state_json.h"
#include "base/file.h"

namespace beeline::agent {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& path, EndpointId id) {
    return fmt::format("{}/{}", path, id.value);
}

Result<> make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error)
        return fail(Errc::io, fmt::format("{}: cannot make the folder: {}", path, error.message()), error.value());
    return {};
}

template <class Table, class Parse>
Table load_table(const std::string& file, Parse parse, SavedState& state, std::optional<Table>& last) {
    auto text = read_file(file);
    if (!text) {
        if (text.error().code != Errc::not_found) state.problems.push_back(set_aside(file, text.error()));
        return {};
    }
    auto table = parse(*text);
    if (!table) {
        state.problems.push_back(set_aside(file, table.error()));
        return {};
    }
    last = *table;
    return std::move(*table);
}

bool is_id(const std::string& name) {
    std::uint16_t id = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    return error == std::errc{} && rest == name.data() + name.size() && id != 0;
}

}  // namespace

std::string set_aside(const std::string& file, const Error& why) {
    std::error_code error;
    fs::rename(file, file + ".corrupt", error);
    return fmt::format("{}: {}; {}", file, why.what,
                       error ? "and cannot be renamed: " + error.message()
                             : "set aside as " + fs::path(file).filename().string() + ".corrupt");
}

void StateFolder::load_endpoint(const std::string& folder, SavedState& state) {
    const std::string file = folder + "/endpoint.json";
    const auto text = read_file(file);
    if (!text) {
        // A folder without a file is what a kill between mkdir and write leaves.
        if (text.error().code != Errc::not_found) state.problems.push_back(set_aside(file, text.error()));
        return;
    }
    auto endpoint = parse_endpoint(*text);
    if (endpoint && folder_of(path_, endpoint->id) != folder)
        endpoint = fail(Errc::invalid, fmt::format("is of endpoint {}, in another one's folder", endpoint->id.value));
    if (!endpoint) return state.problems.push_back(set_aside(file, endpoint.error()));
    state.endpoints.push_back(std::move(*endpoint));
}

Result<SavedState> StateFolder::load() {
    CHECK(make_folder(path_));
    SavedState state;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error))
        if (is_id(entry.path().filename().string())) load_endpoint(entry.path().string(), state);
    if (error) return fail(Errc::io, fmt::format("{}: cannot read: {}", path_, error.message()), error.value());
    std::ranges::sort(state.endpoints, {}, &model::Endpoint::id);
    state.identities = load_table<IdentityTable>(path_ + "/identities.json", parse_identities, state, identities_);
    state.cluster_ips = load_table<ClusterIpTable>(path_ + "/cluster_ips.json", parse_cluster_ips, state, cluster_ips_);
    state.node_ports =
        load_table<store::NodePortTable>(path_ + "/node_ports.json", parse_node_ports, state, node_ports_);
    return state;
}

Result<> StateFolder::save(const model::Endpoint& endpoint) {
    const std::string folder = folder_of(path_, endpoint.id);
    CHECK(make_folder(folder));
    return write_file(folder + "/endpoint.json", endpoint_text(endpoint), 0600);
}

Result<> StateFolder::remove(EndpointId id) {
    const std::string folder = folder_of(path_, id);
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) return fail(Errc::io, fmt::format("{}: cannot remove: {}", folder, error.message()), error.value());
    return {};
}

// The tables are compared, not their texts, which take ten times as long to make.
template <class Table>
Result<> StateFolder::save_table(const std::string& file, const Table& table, std::string (*text)(const Table&),
                                 std::optional<Table>& last) {
    if (last == table) return {};
    CHECK(write_file(path_ + "/" + file, text(table), 0600));
    last = table;
    return {};
}

Result<> StateFolder::save_identities(const IdentityTable& table) {
    return save_table("identities.json", table, identities_text, identities_);
}

Result<> StateFolder::save_cluster_ips(const ClusterIpTable& table) {
    return save_table("cluster_ips.json", table, cluster_ips_text, cluster_ips_);
}

Result<> StateFolder::save_node_ports(const store::NodePortTable& table) {
    return save_table("node_ports.json", table, node_ports_text, node_ports_);
}

}  // namespace beeline::agent
