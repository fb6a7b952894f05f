// Query parameters as typed values. A parameter nobody asked for is an error: a misspelt filter must not look like
// a filter that matches everything.
#pragma once
#include <optional>
#include <set>
#include <string>

#include "api/http.h"
#include "base/addr.h"
#include "base/types.h"
#include "model/meta.h"

namespace beeline::api {

class Query {
public:
    explicit Query(const Request& request) : query_(request.query) {}

    // Absent parameter: nullopt. Errors: invalid, naming the parameter and its value.
    Result<std::optional<std::string>> text(const std::string& name);
    Result<std::optional<std::uint64_t>> number(const std::string& name);  // decimal, to 2^32 - 1
    Result<std::optional<bool>> boolean(const std::string& name);          // "true", "false"
    Result<std::optional<Port>> port(const std::string& name);
    Result<std::optional<Prefix>> prefix(const std::string& name);  // an address is its own /32 or /128
    Result<std::optional<Proto>> proto(const std::string& name);    // TCP, UDP, SCTP, ICMP, ICMPv6 in any case
    Result<std::optional<Family>> family(const std::string& name);  // "4", "6"
    Result<std::optional<model::Name>> pod(const std::string& name);

    // After all parameters were read. Errors: invalid, naming the first unknown one.
    Result<> finish() const;

private:
    const std::string* find(const std::string& name);

    const std::map<std::string, std::string>& query_;
    std::set<std::string> known_;
};

}  // namespace beeline::api
