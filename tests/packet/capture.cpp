#include "tests/packet/capture.h"

#include <pcap/pcap.h>

#include <memory>
#include <stdexcept>

namespace beeline::packet {

std::vector<Frame> read_capture(const std::string& file) {
    char error[PCAP_ERRBUF_SIZE] = {};
    const std::unique_ptr<pcap_t, void (*)(pcap_t*)> capture(pcap_open_offline(file.c_str(), error), pcap_close);
    if (!capture) throw std::runtime_error(file + ": " + error);
    std::vector<Frame> frames;
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    while (pcap_next_ex(capture.get(), &header, &bytes) == 1)
        frames.emplace_back(bytes, bytes + header->caplen);
    return frames;
}

}  // namespace beeline::packet
