// Server-sent events (WHATWG HTML, section 9.2), bytes in pieces of any size -> events.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace beeline::api::client {

struct TextEvent {
    std::string event;  // empty: no "event:" line
    std::string data;   // "data:" lines joined by newlines
};

class EventDecoder {
public:
    // The events completed by these bytes. Comments and fields other than event and data are skipped.
    std::vector<TextEvent> feed(std::string_view bytes);

private:
    void line(std::string_view text, std::vector<TextEvent>& done);

    std::string rest_;  // of a line that is not complete
    TextEvent event_;
    bool has_data_ = false;
};

}  // namespace beeline::api::client
