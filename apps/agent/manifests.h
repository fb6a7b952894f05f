// The manifest directory as edits for the store.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "source/file/directory.h"
#include "store/store.h"

namespace beeline::agent {

class Manifests {
public:
    static Result<Manifests> open(const std::string& path);

    int fd() const { return directory_.fd(); }  // readable when there is something to read()
    std::vector<store::FileEdit> read();
    // Reads every file anew; what went meanwhile is said to be removed. Another fd() afterwards.
    Result<std::vector<store::FileEdit>> reread();

private:
    Manifests(std::string path, source::file::Directory directory)
        : path_(std::move(path)), directory_(std::move(directory)) {}

    std::string path_;
    source::file::Directory directory_;
    std::set<std::string> files_;
};

}  // namespace beeline::agent
