// Request targets: path segments and a query, percent-encoded.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beeline::api::client {

using Query = std::vector<std::pair<std::string, std::string>>;

// target({"v1", "services", "default", "web"}) is "/v1/services/default/web". A slash inside a segment is encoded.
// Query parameters with an empty value are left out.
std::string target(std::initializer_list<std::string_view> segments, const Query& query = {});

}  // namespace beeline::api::client
