#include "source/file/directory.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "base/time.h"

namespace beeline::source::file {
namespace {

constexpr std::uint64_t ms = 1'000'000;               // ns
constexpr std::uint64_t quiet_ns = 3 * ms;            // a batch is complete after so long without events,
constexpr std::uint64_t longest_batch_ns = 100 * ms;  // or after so long at all
constexpr std::uint64_t replace_ns = 50 * ms;         // an editor takes away the old file and puts the new one
constexpr std::uint64_t look_again_ns = 500 * ms;     // for a directory that is gone

constexpr std::uint32_t watched = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// The link that volumes mounted by the kubelet switch.
constexpr std::string_view kubernetes_link = "..data";

bool is_manifest(std::string_view name) {
    if (name.starts_with('.')) return false;
    return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

// A name that appeared complete: a link, or a second name of a file that exists elsewhere.
bool is_link(const std::string& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

std::unexpected<Error> failed(std::string_view what, Errc code) {
    return fail(code, fmt::format("{}: {}", what, strerror(errno)), errno);
}

// Nothing if the directory cannot be listed.
std::optional<std::vector<std::string>> manifests_in(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
    if (!dir) return {};
    while (const dirent* entry = readdir(dir.get()))
        if (is_manifest(entry->d_name)) names.emplace_back(entry->d_name);
    return names;
}

}  // namespace

Result<Directory> Directory::open(std::string path) {
    Directory directory;
    directory.path_ = std::move(path);
    directory.epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    directory.inotify_ = Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    directory.timer_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!directory.epoll_ || !directory.inotify_ || !directory.timer_)
        return failed("watch " + directory.path_, Errc::kernel);
    for (const int fd : {directory.inotify_.get(), directory.timer_.get()}) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        if (epoll_ctl(directory.epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            return failed("watch " + directory.path_, Errc::kernel);
    }
    CHECK(directory.watch());
    directory.rescan();
    directory.arm_timer();
    return directory;
}

// Watches before anything is listed, so that nothing falls between.
Result<> Directory::watch() {
    watch_ = inotify_add_watch(inotify_.get(), path_.c_str(), watched);
    if (watch_ >= 0) return {};
    const Errc code = errno == ENOENT ? Errc::not_found : errno == ENOTDIR ? Errc::invalid : Errc::kernel;
    return failed("watch " + path_, code);
}

std::vector<FileChange> Directory::read() {
    std::uint64_t expirations = 0;
    (void)!::read(timer_.get(), &expirations, sizeof expirations);
    std::vector<FileChange> changes;
    take_events();
    if (watch_ < 0) look_again(changes);
    const std::uint64_t now = monotonic_ns();
    const bool first = std::exchange(first_read_, false);
    if (first || now >= last_event_ns_ + quiet_ns || now >= first_event_ns_ + longest_batch_ns) settle(changes);
    arm_timer();
    return changes;
}

void Directory::take_events() {
    alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
    for (;;) {
        const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        for (const char* at = buffer.data(); at < buffer.data() + size;) {
            const auto& event = *reinterpret_cast<const inotify_event*>(at);
            take(event);
            at += sizeof event + event.len;
        }
    }
}

void Directory::take(const inotify_event& event) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
        being_written_.clear();  // their closing may be among what was lost
        return rescan();
    }
    if (event.wd != watch_) return;  // of a directory that was here before
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) return lost();
    if (event.len == 0) return;
    const std::string name = event.name;
    if (name == kubernetes_link) return rescan();
    if (!is_manifest(name)) return;
    if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) return changed(name, 0);
    if ((event.mask & (IN_MOVED_FROM | IN_DELETE)) != 0) return changed(name, monotonic_ns());
    if ((event.mask & IN_ATTRIB) != 0 && being_written_.contains(name)) return;
    if ((event.mask & IN_ATTRIB) != 0) return changed(name, 0);  // it may have become readable
    // Created or modified: its writer is at work, unless it is a link, which is complete at once.
    if ((event.mask & IN_CREATE) != 0 && is_link(path_ + "/" + name)) return changed(name, 0);
    pending_.erase(name);
    being_written_.insert(name);
}

void Directory::changed(const std::string& name, std::uint64_t gone_since) {
    last_event_ns_ = monotonic_ns();
    if (pending_.empty()) first_event_ns_ = last_event_ns_;
    being_written_.erase(name);
    pending_[name] = {gone_since};
}

// Everything that is there and everything that was: settling finds out which of it changed.
void Directory::rescan() {
    const auto names = manifests_in(path_);
    if (!names) return;
    const std::unordered_set<std::string> writing = std::exchange(being_written_, {});
    for (const std::string& name : *names)
        changed(name, 0);
    for (const auto& [name, hash] : known_)
        if (!pending_.contains(name)) changed(name, monotonic_ns());
    for (const std::string& name : writing)
        if (pending_.erase(name) != 0) being_written_.insert(name);
}

void Directory::lost() {
    if (watch_ >= 0) inotify_rm_watch(inotify_.get(), watch_);
    watch_ = -1;
    // What was removed with it must not be taken for removed one by one.
    pending_.clear();
    being_written_.clear();
}

void Directory::look_again(std::vector<FileChange>& changes) {
    if (!watch()) {
        if (!std::exchange(told_lost_, true))
            changes.push_back({path_, refused(path_, "is gone; what its files said stays in force"), false});
        return;
    }
    if (std::exchange(told_lost_, false)) changes.push_back({path_, {}, true});
    rescan();
}

void Directory::settle(std::vector<FileChange>& changes) {
    std::vector<Wanted> names;
    names.reserve(pending_.size());
    for (const auto& [name, pending] : pending_) {
        const auto known = known_.find(name);
        names.push_back({name, known == known_.end() ? std::nullopt : std::optional(known->second)});
    }
    auto readings = read_manifests(path_, names);
    auto reading = readings.begin();
    for (auto entry = pending_.begin(); entry != pending_.end(); ++reading) {
        const bool settled = settle_one(entry->first, entry->second, *reading, changes);
        entry = settled ? pending_.erase(entry) : std::next(entry);
    }
    first_event_ns_ = monotonic_ns();
}

// False: too early to tell.
bool Directory::settle_one(const std::string& name, Pending& pending, Reading& reading,
                           std::vector<FileChange>& changes) {
    const auto known = known_.find(name);
    if (!reading.hash) {
        if (known == known_.end()) return true;
        if (pending.gone_since == 0) pending.gone_since = monotonic_ns();
        if (pending.gone_since + replace_ns > monotonic_ns()) return false;
        known_.erase(known);
        changes.push_back({name, {}, true});
        return true;
    }
    if (known != known_.end() && known->second == *reading.hash) return true;
    known_[name] = *reading.hash;
    changes.push_back({name, std::move(reading.parsed), false});
    return true;
}

void Directory::arm_timer() {
    std::uint64_t wait = watch_ < 0 ? look_again_ns : 0;
    if (!pending_.empty()) {
        const std::uint64_t now = monotonic_ns();
        std::uint64_t due = std::min(last_event_ns_ + quiet_ns, first_event_ns_ + longest_batch_ns);
        // Only names that vanished are left after a batch has settled.
        const auto waits = [](const auto& entry) { return entry.second.gone_since != 0; };
        if (due <= now && std::ranges::all_of(pending_, waits)) due = now + replace_ns / 4;
        wait = due > now ? due - now : 1;
    }
    itimerspec spec{};
    spec.it_value.tv_nsec = static_cast<long>(wait);  // below a second; 0 disarms
    timerfd_settime(timer_.get(), 0, &spec, nullptr);
}

}  // namespace beeline::source::file
