// One line a flow: what `beeline observe` prints.
#pragma once
#include <array>
#include <boost/json/value.hpp>
#include <string>

namespace beeline::cli {

// "demo/client (10.244.1.2:41234)" of a Peer of the API; the address alone of one that nobody knows
std::string peer_text(const boost::json::value& peer);

// Lines with columns that are as wide as the widest record met so far.
class FlowLines {
public:
    // Widens the columns for a FlowRecord that is to come.
    void fit(const boost::json::value& record);
    // 10:42:01.123 demo/client (10.244.1.2:41234) -> demo/web-1 (10.244.1.3:8080) TCP FORWARDED NetworkPolicy
    // demo/allow ingress[0], via demo/web 10.96.0.10:80
    std::string line(const boost::json::value& record, bool color);

private:
    static constexpr std::size_t columns = 3;  // source, destination, protocol
    static std::array<std::string, columns> parts(const boost::json::value& record);

    std::array<std::size_t, columns> width_{};
};

}  // namespace beeline::cli
