#include "base/result.h"

namespace beeline {

const char* errc_name(Errc code) {
    switch (code) {
        case Errc::invalid:
            return "invalid";
        case Errc::not_found:
            return "not_found";
        case Errc::exists:
            return "exists";
        case Errc::exhausted:
            return "exhausted";
        case Errc::conflict:
            return "conflict";
        case Errc::io:
            return "io";
        case Errc::kernel:
            return "kernel";
        case Errc::unsupported:
            return "unsupported";
        case Errc::unavailable:
            return "unavailable";
    }
    return "unknown";
}

}  // namespace beeline
