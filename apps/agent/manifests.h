// The manifest directory as edits for the store, and what is kept of it for the next agent.
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/agent/last_good.h"
#include "source/file/directory.h"
#include "store/store.h"

namespace beeline::agent {

class Manifests {
public:
    static Result<Manifests> open(const std::string& path, const std::string& run_dir);

    int fd() const { return directory_.fd(); }  // readable when there is something to read()
    // The first time every file, a broken one together with what it said when it was good.
    std::vector<store::FileEdit> read();
    // Reads every file anew; what went meanwhile is said to be removed. Another fd() afterwards.
    Result<std::vector<store::FileEdit>> reread();

    // Writes down what is good now, once the store has what was read. Errors: io; nothing is lost but the memory of the
    // next agent.
    Result<> keep(const store::Store& store);
    // What an earlier agent kept and this one could not read.
    const std::vector<std::string>& problems() const { return last_good_.problems(); }

private:
    Manifests(std::string path, source::file::Directory directory, LastGood last_good)
        : path_(std::move(path)), directory_(std::move(directory)), last_good_(std::move(last_good)) {}

    std::string path_;
    source::file::Directory directory_;
    LastGood last_good_;
    bool first_ = true;
    std::set<std::string> files_;
    std::vector<std::pair<std::string, std::vector<source::file::Document>>> unkept_;  // read since the last keep()
};

}  // namespace beeline::agent
