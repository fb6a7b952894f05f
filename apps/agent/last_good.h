// What every manifest file said when it was good, as text, on disk: a file that is broken when the agent starts is
// then as good as one that broke while it ran.
//
//   <run_dir>/state/objects/<0-f>.json   of the files whose names hash to this digit
//
// Few files for many manifests, because each costs the disk a flush; more than one, because each is written whole. Kept
// are documents of the kinds Beeline reads and no others, readable by root alone: a Pod may have a password in it.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "source/file/parse.h"
#include "store/store.h"

namespace beeline::agent {

struct KeptFiles {
    std::string manifests;  // the folder they are in
    std::map<std::string, std::vector<source::file::Document>> files;
};

class LastGood {
public:
    // Reads what an earlier agent kept of the folder `manifests`. What was kept of another one counts for nothing; what
    // makes no sense is set aside.
    LastGood(const std::string& run_dir, const std::string& manifests);

    // `edits` are all files there are. Puts in front of what a broken one says what it said when it was good, as if it
    // broke only now, and forgets files that are gone.
    void recall(std::vector<store::FileEdit>& edits);

    // A file says `fresh` now; `said` is what counts as said by it, which may hold more (Store::said_by).
    void update(const std::string& file, std::vector<source::file::Document> fresh, std::set<model::Ref> said);
    // Writes what differs from what is on disk. Errors: io, and the next call tries again.
    Result<> save();

    // What could not be read, so far.
    const std::vector<std::string>& problems() const { return problems_; }

private:
    void load(unsigned shard);
    void forget(const std::string& file);
    store::FileEdit edit_of(const std::string& file, const std::vector<source::file::Document>& documents);

    std::string folder_;
    std::string manifests_;
    std::map<std::string, std::vector<source::file::Document>> files_;
    std::set<unsigned> unsaved_;  // shards
    std::vector<std::string> problems_;
};

}  // namespace beeline::agent
