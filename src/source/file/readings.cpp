#include "source/file/readings.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <system_error>
#include <thread>

#include "base/file.h"

namespace beeline::source::file {
namespace {

constexpr std::size_t many_files = 64;  // fewer are read before a thread has begun
constexpr unsigned most_threads = 4;    // of the node's CPUs, most belong to others

Reading read_manifest(const std::string& directory, const Wanted& wanted) {
    const std::string path = directory + "/" + wanted.name;
    const std::string read_prefix = "read " + path + ": ";  // of read_file's errors; the file's name is told anyway
    const auto content = read_file(path, max_file_bytes);
    struct stat status{};
    if (!content && lstat(path.c_str(), &status) != 0) return {};
    const std::string reason = content ? "" : "cannot be read: " + content.error().what.substr(read_prefix.size());
    Reading reading{std::hash<std::string>{}(content ? *content : reason), {}};
    if (reading.hash == wanted.known) return reading;
    reading.parsed = content ? parse_manifests(*content, wanted.name) : refused(wanted.name, reason);
    return reading;
}

unsigned threads_for(std::size_t files) {
    return files < many_files ? 1 : std::clamp(std::thread::hardware_concurrency(), 1U, most_threads);
}

}  // namespace

ParsedFile refused(std::string file, std::string reason) {
    return {{}, {{std::move(file), 0, "", "", std::move(reason), {}}}, {}, {}};
}

std::vector<Reading> read_manifests(const std::string& directory, const std::vector<Wanted>& names) {
    std::vector<Reading> readings(names.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < names.size(); i = next++)
            readings[i] = read_manifest(directory, names[i]);
    };
    std::vector<std::future<void>> helpers;  // waited for also where work() throws
    try {
        while (helpers.size() + 1 < threads_for(names.size()))
            helpers.push_back(std::async(std::launch::async, work));
    } catch (const std::system_error&) {  // no more threads: those there are read all
    }
    work();
    for (auto& helper : helpers)
        helper.get();
    return readings;
}

}  // namespace beeline::source::file
