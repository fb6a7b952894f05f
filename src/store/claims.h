// Which file says what. Keeps for every object the definitions of all files in order of arrival: the first one
// counts, the next takes its place when it goes. Knows nothing of what the objects mean.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"

namespace beeline::store {

struct Definition {
    std::string file;
    std::uint64_t order = 0;  // of arrival; kept when the file says the object anew
    std::shared_ptr<const model::Object> object;
};

class Claims {
public:
    // Takes over what a file says now. Returns the objects whose first definition is another one than before;
    // an equal definition is the same one.
    std::set<model::Ref> apply(FileEdit edit);

    // What counts as said by the file: what it says now, and what stays of what it said before.
    std::set<model::Ref> said_by(const std::string& file) const;
    // Null: no file says it.
    const Definition* first(const model::Ref& ref) const;
    // Nobody says it, but a document that cannot be read may: absence proves nothing. What is wrong with that one,
    // null if there is none.
    const model::Problem* may_be_hidden(const model::Ref& ref) const;
    // Those of the files, and one for every definition that is not the first. Unordered.
    std::vector<model::Problem> problems() const;

private:
    struct File {
        std::set<model::Ref> says;
        std::vector<model::Problem> problems;
    };
    // Both: true if the first definition is another one now.
    bool define(const model::Ref& ref, const std::string& file, model::Object object);
    bool withdraw(const model::Ref& ref, const std::string& file);
    std::set<model::Ref> define_all(FileEdit& edit, std::set<model::Ref>& changed);

    std::map<std::string, File> files_;
    std::map<model::Ref, std::vector<Definition>> definitions_;
    std::uint64_t arrivals_ = 0;
};

}  // namespace beeline::store
