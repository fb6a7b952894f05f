#include "api/client/events.h"

#include <utility>

namespace beeline::api::client {

std::vector<TextEvent> EventDecoder::feed(std::string_view bytes) {
    std::vector<TextEvent> done;
    rest_.append(bytes);
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
        auto text = std::string_view(rest_).substr(begin, end - begin);
        if (text.ends_with('\r')) text.remove_suffix(1);
        line(text, done);
        begin = end + 1;
    }
    rest_.erase(0, begin);
    return done;
}

void EventDecoder::line(std::string_view text, std::vector<TextEvent>& done) {
    if (text.empty()) {
        if (has_data_) done.push_back(std::move(event_));
        event_ = {};
        has_data_ = false;
        return;
    }
    const auto colon = text.find(':');
    const auto field = text.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") event_.event = value;
    if (field != "data") return;
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
}

}  // namespace beeline::api::client
