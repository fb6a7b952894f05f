#include "api/client/target.h"

#include <boost/url/url.hpp>

namespace beeline::api::client {

std::string target(std::initializer_list<std::string_view> segments, const Query& query) {
    boost::urls::url url;
    url.set_path_absolute(true);
    for (const auto segment : segments)
        url.segments().push_back(segment);
    for (const auto& [key, value] : query)
        if (!value.empty()) url.params().append({key, value});
    return std::string(url.encoded_target().data(), url.encoded_target().size());
}

}  // namespace beeline::api::client
