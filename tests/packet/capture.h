// Frames out of a capture file, by libpcap; its headers and <linux/bpf.h> do not go together.
#pragma once
#include <string>

#include "tests/packet/packet.h"

namespace beeline::packet {

// In their order. Throws std::runtime_error if the file cannot be read.
std::vector<Frame> read_capture(const std::string& file);

}  // namespace beeline::packet
