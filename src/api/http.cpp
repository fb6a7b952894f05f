#include "api/http.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <boost/url.hpp>

namespace beeline::api {
namespace {

int status_of(Errc code) {
    switch (code) {
        case Errc::invalid:
            return 400;
        case Errc::not_found:
            return 404;
        case Errc::exists:
        case Errc::conflict:
            return 409;
        case Errc::exhausted:
            return 507;
        case Errc::unsupported:
            return 501;
        case Errc::unavailable:
            return 503;
        case Errc::io:
        case Errc::kernel:
            return 500;
    }
    return 500;
}

}  // namespace

Result<Request> parse_target(Method method, std::string_view target) {
    const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
    if (!parsed) return fail(Errc::invalid, "the request target is not an absolute path");
    Request request{.method = method, .path = parsed->path(), .query = {}, .body = {}};
    for (const auto& parameter : parsed->params()) {
        // '+' is a space in a form, but a plus in a URI; labels and names have neither.
        if (!request.query.emplace(parameter.key, parameter.value).second)
            return fail(Errc::invalid, fmt::format("query parameter '{}' is given twice", parameter.key));
    }
    return request;
}

Response error_response(const Error& error) {
    boost::json::object body{{"code", errc_name(error.code)}, {"message", error.what}};
    if (!error.detail.empty()) body["detail"] = error.detail;
    return {.status = status_of(error.code), .body = boost::json::serialize(boost::json::object{{"error", body}})};
}

Response error_response(int status, Errc code, std::string_view message) {
    Response response = error_response(Error{code, std::string(message)});
    response.status = status;
    return response;
}

}  // namespace beeline::api
