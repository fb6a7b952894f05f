// The table of resources: method and path -> handler.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"

namespace beeline::api {

class Router {
public:
    // Answers at once, or keeps `reply` and answers later, exactly once, on the same thread.
    using Handler = std::function<void(const Request&, Reply)>;
    using Sync = std::function<Result<Response>(const Request&)>;

    // pattern: "/v1/endpoints/{id}"; a segment in braces matches any one segment and is captured under that name.
    void add(Method method, std::string_view pattern, Handler handler);
    void add_sync(Method method, std::string_view pattern, Sync handler);

    // What no pattern matches, by whatever method; without this it is a 404.
    void add_rest(Sync handler);

    // Unknown path: 404; known path, other method: 405 with Allow; a handler that throws: 500.
    void handle(Request request, const Reply& reply) const;

private:
    static Handler at_once(Sync handler);
    struct Route {
        Method method;
        std::vector<std::string> segments;
        Handler handler;
    };
    std::vector<Route> routes_;
    Handler rest_{};
};

}  // namespace beeline::api
