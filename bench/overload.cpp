// Live frames towards a node by a veth, and what comes back of them; for overload.py, in the namespace beyond the node.
//
//   bl_bench_overload generate DEV MAC SRC PORT DST PORT DST' PORT' FLOWS
//     frames of 64 bytes with UDP from SRC, PORT and the FLOWS - 1 next ones, to DST by DEV and MAC; counts what comes
//     back by DEV for DST'. Reads lines, writes JSON:
//       open       {"answers": {TEXT: count}}, of datagrams by real sockets, three of each flow
//       SECONDS    {"offered", "seconds", "came"}
//   bl_bench_overload turn DEV   every frame goes back as it came, until the end of stdin: the floor

#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>

#include "bench/endpoint.h"
#include "ebpf/attach_xdp.h"
#include "ebpf/mapped_array.h"
#include "ebpf/object.h"

namespace beeline::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint32_t burst = 200000;  // frames of one test run

// As in overload.bpf.cpp.
constexpr std::size_t frame_bytes = 64;
struct GeneratorData {
    std::uint32_t next, flows, ifindex;
    std::uint16_t port, sum;
};
struct FarEndData {
    std::uint32_t counting, daddr;
    std::uint16_t dport, ethertype;
    std::uint64_t came;
};
using Frame = std::array<unsigned char, frame_bytes>;

template <class T>
T must(ebpf::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().what);
    return std::move(*result);
}

std::uint32_t index_of(const char* device) {
    const std::uint32_t index = if_nametoindex(device);
    if (index == 0) throw std::runtime_error(std::string("no device ") + device);
    return index;
}

ebpf::Object loaded() {
    auto object = must(ebpf::Object::open(OVERLOAD_OBJECT));
    if (const auto done = object.load(); !done) throw std::runtime_error(done.error().what);
    return object;
}

template <class T>
ebpf::MappedArray<T> section(const ebpf::Object& object, const char* name) {
    return must(ebpf::map_array<T>(must(object.raw_map(name))));
}

// One's complement sum of what lies in memory as on the wire.
std::uint16_t sum_of(std::span<const unsigned char> bytes, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        std::uint16_t word = 0;
        std::memcpy(&word, &bytes[i], sizeof word);
        sum += word;
    }
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

struct Traffic {
    std::string device, mac;
    Address source, to, far;
    std::uint16_t flows;

    bool is_v4() const { return to.family() == AF_INET; }
};
// Where the port stands is the same in both families.
std::uint16_t& port_of(Address& address) {
    return reinterpret_cast<sockaddr_in*>(address.get())->sin_port;
}
std::span<const unsigned char> bytes_of(const Address& address) {
    if (address.family() == AF_INET6)
        return {reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr.s6_addr, 16};
    const auto& v4 = reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr;
    return {reinterpret_cast<const unsigned char*>(&v4), sizeof v4};
}

// Each header is made apart and copied to its place; returns the place behind it.
template <class Header>
std::size_t put(Frame& frame, std::size_t at, const Header& header) {
    std::memcpy(&frame[at], &header, sizeof header);
    return at + sizeof header;
}

ethhdr ethernet(const Traffic& traffic) {
    ethhdr eth{};
    unsigned mac[ETH_ALEN];
    if (std::sscanf(traffic.mac.c_str(), "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6)
        throw std::runtime_error("no MAC: " + traffic.mac);
    for (int i = 0; i < ETH_ALEN; i++)
        eth.h_dest[i] = eth.h_source[i] = static_cast<unsigned char>(mac[i]);
    eth.h_source[0] = 2;
    eth.h_proto = htons(traffic.is_v4() ? ETH_P_IP : ETH_P_IPV6);
    return eth;
}

iphdr header4(const Traffic& traffic) {
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    ip.tot_len = htons(frame_bytes - sizeof(ethhdr));
    std::memcpy(&ip.saddr, bytes_of(traffic.source).data(), sizeof ip.saddr);
    std::memcpy(&ip.daddr, bytes_of(traffic.to).data(), sizeof ip.daddr);
    ip.check = static_cast<std::uint16_t>(~sum_of({reinterpret_cast<const unsigned char*>(&ip), sizeof ip}));
    return ip;
}

ip6_hdr header6(const Traffic& traffic) {
    ip6_hdr ip{};
    ip.ip6_flow = htonl(6u << 28);
    ip.ip6_plen = htons(frame_bytes - sizeof(ethhdr) - sizeof(ip6_hdr));
    ip.ip6_nxt = IPPROTO_UDP;
    ip.ip6_hlim = 64;
    std::memcpy(&ip.ip6_src, bytes_of(traffic.source).data(), sizeof ip.ip6_src);
    std::memcpy(&ip.ip6_dst, bytes_of(traffic.to).data(), sizeof ip.ip6_dst);
    return ip;
}

// Without source port and UDP checksum, whose sum it returns.
std::uint16_t make(Frame& frame, Traffic traffic) {
    std::size_t at = put(frame, 0, ethernet(traffic));
    at = traffic.is_v4() ? put(frame, at, header4(traffic)) : put(frame, at, header6(traffic));
    udphdr udp{};
    udp.dest = port_of(traffic.to);
    udp.len = htons(static_cast<std::uint16_t>(frame_bytes - at));
    put(frame, at, udp);
    const std::uint32_t addresses = std::uint32_t{sum_of(bytes_of(traffic.source))} + sum_of(bytes_of(traffic.to));
    return sum_of(std::span(frame).subspan(at), addresses + htons(IPPROTO_UDP) + udp.len);
}

class Generator {
public:
    explicit Generator(const Traffic& traffic) : traffic_(traffic) {
        const std::uint16_t sum = make(frame_, traffic);
        const std::uint32_t ifindex = index_of(traffic.device.c_str());
        const auto words = section<std::uint64_t>(object_, ".data.frame");
        std::memcpy(&words[0], frame_.data(), frame_bytes);
        data_[0] = {0, traffic.flows, ifindex, ntohs(port_of(traffic_.source)), sum};
        far_[0] = {0, 0, port_of(traffic_.far), htons(traffic.is_v4() ? ETH_P_IP : ETH_P_IPV6), 0};
        const auto last = bytes_of(traffic.far).last(sizeof far_[0].daddr);
        std::memcpy(&far_[0].daddr, last.data(), last.size());
        link_ = must(ebpf::attach_xdp(must(object_.program("far_end")), ifindex, ebpf::XdpMode::native));
    }

    // Every flow is opened by a datagram that is answered.
    std::string open() {
        std::map<std::string, int> answers;
        for (int i = 0; i < 3 * traffic_.flows; i++)
            answers[answer_to(static_cast<std::uint16_t>(i % traffic_.flows))]++;
        std::string text;
        for (const auto& [answer, count] : answers)
            text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", answer, count);
        return fmt::format("{{\"answers\": {{{}}}}}", text);
    }

    std::string run(double seconds) {
        far_[0].came = 0;
        far_[0].counting = 1;
        std::uint64_t offered = 0;
        const auto begin = Clock::now();
        const auto end = begin + std::chrono::duration<double>(seconds);
        for (; Clock::now() < end; offered += burst)
            generate();
        const double taken = std::chrono::duration<double>(Clock::now() - begin).count();
        settle();
        far_[0].counting = 0;
        return fmt::format("{{\"offered\": {}, \"seconds\": {:.6f}, \"came\": {}}}", offered, taken, came());
    }

private:
    std::string answer_to(std::uint16_t flow) const {
        const Socket socket = patient(traffic_.to.family(), SOCK_DGRAM);
        Address from = traffic_.source;
        port_of(from) = htons(static_cast<std::uint16_t>(ntohs(port_of(from)) + flow));
        socket.bind_to(from);
        socket.connect_to(traffic_.to);
        socket.send(Message{});
        Message answer{};
        socket.receive(answer);
        return answer.data();
    }
    void generate() const {
        ebpf::TestRun run;  // without a context: test_run() asks it back, which the kernel refuses for live frames
        run.data_in = std::as_bytes(std::span(frame_));
        run.repeat = burst;
        run.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
        run.batch_size = 64;
        must(program_.test_run(run));
    }
    // Another thread of the kernel counts.
    std::uint64_t came() const { return *const_cast<volatile std::uint64_t*>(&far_[0].came); }
    void settle() const {
        for (std::uint64_t before = ~0ul; before != came();) {
            before = came();
            const timespec pause{0, 10000000};
            nanosleep(&pause, nullptr);
        }
    }

    Traffic traffic_;
    Frame frame_{};
    ebpf::Object object_ = loaded();
    ebpf::Program program_ = must(object_.program(traffic_.is_v4() ? "generate4" : "generate6"));
    ebpf::MappedArray<GeneratorData> data_ = section<GeneratorData>(object_, ".data.generator");
    ebpf::MappedArray<FarEndData> far_ = section<FarEndData>(object_, ".data.far");
    std::optional<ebpf::Link> link_{};
};

std::string failure(const std::exception& error) {
    std::string text = error.what();
    std::ranges::replace_if(text, [](char c) { return c == '"' || c == '\\' || c < ' '; }, ' ');
    return fmt::format("{{\"error\": \"{}\"}}", text);
}

void generate(char** args) {
    Generator generator({args[0], args[1], address(args[2], std::stoi(args[3])), address(args[4], std::stoi(args[5])),
                         address(args[6], std::stoi(args[7])), static_cast<std::uint16_t>(std::stoi(args[8]))});
    for (std::string line; std::getline(std::cin, line);) {
        std::string text;
        try {
            text = line == "open" ? generator.open() : generator.run(std::stod(line));
        } catch (const std::exception& error) {
            text = failure(error);
        }
        std::cout << text << std::endl;
    }
}

void turn(const char* device) {
    const auto object = loaded();
    const auto link =
        must(ebpf::attach_xdp(must(object.program("floor_turn")), index_of(device), ebpf::XdpMode::native));
    std::cout << "{}" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
    }
}
}  // namespace
}  // namespace beeline::bench

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    try {
        if (what == "generate" && argc == 11) return beeline::bench::generate(argv + 2), 0;
        if (what == "turn" && argc == 3) return beeline::bench::turn(argv[2]), 0;
    } catch (const std::exception& error) {
        std::cout << beeline::bench::failure(error) << std::endl;
        return 1;
    }
    return 2;
}
