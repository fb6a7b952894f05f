// What connect() takes, without what comes after it.
#pragma once
#include <string>

#include "bench/endpoint.h"

namespace beeline::bench {

// Accepts connections in handfuls, a millisecond apart, and closes them: connect() wakes nobody.
[[noreturn]] void drain(const Address& at);

// connect() of new sockets, some at a time, for so many seconds: {"count", "min_ns", "p50_ns" of connect(),
// "life_min_ns", "life_p50_ns" of socket(), connect() and close() together}, each a socket.
std::string time_connects(const Address& to, int type, double seconds);

}  // namespace beeline::bench
