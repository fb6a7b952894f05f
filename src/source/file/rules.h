// The rules Kubernetes has for names and labels.
#pragma once
#include <string_view>

namespace beeline::source::file {

// A rule for a string, and the words that say it was broken.
struct Rule {
    bool (*holds)(std::string_view);
    const char* broken;
};

extern const Rule dns_label;  // RFC 1123: web-1
extern const Rule dns_label_or_empty;
extern const Rule dns_subdomain;  // RFC 1123: web.example.com
extern const Rule port_name;      // IANA service name, as containers have: http-alt
extern const Rule label_key;      // app.kubernetes.io/name
extern const Rule label_value;    // may be empty

}  // namespace beeline::source::file
