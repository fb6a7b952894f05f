#include "api/router.h"

#include <fmt/format.h>

#include <exception>
#include <optional>

namespace beeline::api {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    for (std::size_t slash = 0; slash != path.npos; path.remove_prefix(slash + 1)) {
        slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == path.npos) break;
    }
    return segments;
}

std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& pattern,
                                                        const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return {};
    std::map<std::string, std::string> captures;
    for (std::size_t i = 0; i < pattern.size(); i++) {
        const std::string& expected = pattern[i];
        if (expected.starts_with('{'))
            captures[expected.substr(1, expected.size() - 2)] = path[i];
        else if (expected != path[i])
            return {};
    }
    return captures;
}

const char* method_name(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::delete_:
            return "DELETE";
        case Method::other:
            break;
    }
    return "?";
}

void call(const Router::Handler& handler, const Request& request, const Reply& reply) {
    // Input never throws; what does is a bug of ours, and one answer must not take the agent down.
    try {
        handler(request, reply);
    } catch (const std::exception& bug) {
        reply(error_response(500, Errc::io, fmt::format("internal error: {}", bug.what())));
    }
}

}  // namespace

void Router::add(Method method, std::string_view pattern, Handler handler) {
    routes_.push_back({method, split(pattern), std::move(handler)});
}

Router::Handler Router::at_once(Sync handler) {
    return [handler = std::move(handler)](const Request& request, const Reply& reply) {
        auto response = handler(request);
        reply(response ? std::move(*response) : error_response(response.error()));
    };
}

void Router::add_sync(Method method, std::string_view pattern, Sync handler) {
    add(method, pattern, at_once(std::move(handler)));
}

void Router::add_rest(Sync handler) {
    rest_ = at_once(std::move(handler));
}

void Router::handle(Request request, const Reply& reply) const {
    const auto path = split(request.path);
    std::string allow;
    for (const Route& route : routes_) {
        auto captures = match(route.segments, path);
        if (!captures) continue;
        if (route.method == request.method) {
            request.captures = std::move(*captures);
            return call(route.handler, request, reply);
        }
        allow += fmt::format("{}{}", allow.empty() ? "" : ", ", method_name(route.method));
    }
    if (allow.empty() && rest_) return call(rest_, request, reply);
    if (allow.empty()) return reply(error_response(404, Errc::not_found, fmt::format("there is no {}", request.path)));
    Response refused =
        error_response(405, Errc::unsupported, fmt::format("{} understands {} only", request.path, allow));
    refused.allow = allow;
    reply(refused);
}

}  // namespace beeline::api
