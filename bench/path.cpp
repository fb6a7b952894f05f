#include "bench/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>

namespace beeline::bench {
namespace {

double min_of(const std::vector<double>& values) {
    return *std::min_element(values.begin(), values.end());
}
double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Rounds side by side: what slows one path of a round down slows its floor too.
std::vector<double> ratios(const Path& path, const Path& floor) {
    std::vector<double> values;
    values.reserve(path.rounds.size());
    for (std::size_t i = 0; i < path.rounds.size(); i++)
        values.push_back(path.rounds[i] / floor.rounds[i]);
    return values;
}

const Path* floor_of(const Path& path, const std::vector<Path>& paths) {
    const auto found = std::find_if(paths.begin(), paths.end(), [&](const Path& f) { return f.name == path.floor; });
    return found == paths.end() ? nullptr : &*found;
}

void print_family(const std::vector<Path>& paths, packet::Family family) {
    std::cout << fmt::format("\n{:52}{:>9}{:>9}{:>9}{:>11}{:>9}\n", fmt::format("ns a packet, {}", family_name(family)),
                             "min", "median", "floor", "x, of mins", "median");
    for (const Path& p : paths) {
        const Path* floor = floor_of(p, paths);
        if (p.family != family || !floor) continue;
        std::cout << fmt::format("{:52}{:9.1f}{:9.1f}{:9.1f}{:11.2f}{:9.2f}\n", p.name, min_of(p.rounds),
                                 median_of(p.rounds), min_of(floor->rounds), min_of(p.rounds) / min_of(floor->rounds),
                                 median_of(ratios(p, *floor)));
    }
}
}  // namespace

const char* family_name(packet::Family family) {
    return family == packet::Family::v4 ? "v4" : "v6";
}

void print(const std::vector<Path>& paths) {
    std::cout << fmt::format("\n{:52}{:9.1f}{:9.1f}\n", paths.front().name, min_of(paths.front().rounds),
                             median_of(paths.front().rounds));
    print_family(paths, packet::Family::v4);
    print_family(paths, packet::Family::v6);
}

void save(const std::vector<Path>& paths, const std::string& file) {
    boost::json::array rows;
    for (const Path& p : paths) {
        boost::json::object row{
            {"name", p.name}, {"min", min_of(p.rounds)}, {"median", median_of(p.rounds)}, {"unit", "ns/packet"}};
        if (const Path* floor = floor_of(p, paths)) {
            row["floor"] = floor->name;
            row["ratio of mins"] = min_of(p.rounds) / min_of(floor->rounds);
            row["median ratio"] = median_of(ratios(p, *floor));
        }
        rows.push_back(std::move(row));
    }
    std::ofstream(file) << boost::json::serialize(rows) << "\n";
}

}  // namespace beeline::bench
