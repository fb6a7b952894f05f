// Packets for people: every field on its line, and the lines that differ side by side.
#pragma once
#include <string>

#include "tests/packet/packet.h"

namespace beeline::packet {

// One line: "tcp client:4000 -> web:80 S ttl 64 len 54"; a hint, not a full account.
std::string summary(const Frame& frame);
// Both packets decoded, differing lines marked, checksums judged. Empty if they are equal.
std::string difference(const Frame& expected, const Frame& got);
// What is wrong with the lengths and checksums of an IP packet; empty: nothing.
std::string flaw(const Frame& frame);

}  // namespace beeline::packet
