// A directory of manifests and what changes in it, by inotify. Not recursive. No thread stays behind a call: the owner
// waits on fd().
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "source/file/readings.h"

struct inotify_event;

namespace beeline::source::file {

// What one file says now. The shape of store::FileEdit, and what is ignored.
struct FileChange {
    std::string file;  // its name in the directory; the directory's path for a problem with the directory itself
    ParsedFile parsed;
    bool removed = false;  // the file is gone; `parsed` is empty
};

// Manifests are the files (or links to files) that end in .yaml, .yml or .json and are not hidden.
//
// A file counts as written when its writer closes it, or when it is moved or linked into place; one that is being
// written is left alone until then. Changes are held back until nothing has happened for 3 ms (at most 100 ms), so
// that a burst comes out as few batches; a file that is gone for less than 50 ms was only being replaced. A file
// that is rewritten with the same bytes is no change.
//
// If the directory disappears, what its files said stays in force, and the problem is told; when there is a
// directory of that name again (looked for twice a second), it is read anew. A directory mounted the Kubernetes way
// (files are links through "..data") is read anew when "..data" is switched. Other links are followed when read, but
// their targets are not watched.
class Directory {
public:
    // Errors: not_found (no such directory), invalid (not a directory), kernel (no inotify instance left).
    static Result<Directory> open(std::string path);

    // Readable when read() has something to do. The first read() needs no waiting: it returns every file.
    int fd() const { return epoll_.get(); }
    // Never blocks. The changes that have settled, ordered by file name; often none.
    std::vector<FileChange> read();

private:
    struct Pending {
        std::uint64_t gone_since = 0;  // monotonic ns when its name vanished; 0: it did not
    };

    Directory() = default;
    Result<> watch();
    void take_events();
    void take(const inotify_event& event);
    void changed(const std::string& name, std::uint64_t gone_since);
    void rescan();
    void lost();
    void look_again(std::vector<FileChange>& changes);
    void settle(std::vector<FileChange>& changes);
    bool settle_one(const std::string& name, Pending& pending, Reading& reading, std::vector<FileChange>& changes);
    void arm_timer();

    std::string path_;
    Fd epoll_, inotify_, timer_;
    int watch_ = -1;  // inotify's descriptor of the directory; -1: the directory is gone
    bool told_lost_ = false;
    bool first_read_ = true;
    std::map<std::string, Pending> pending_;
    std::unordered_set<std::string> being_written_;
    std::map<std::string, std::size_t> known_;              // hash of what each file was read as
    std::uint64_t first_event_ns_ = 0, last_event_ns_ = 0;  // of the batch that is settling
};

}  // namespace beeline::source::file
