// What is wrong now, told to the log once when it comes and once when it goes.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/problem.h"
#include "plan/status.h"

namespace beeline::agent {

class Notices {
public:
    using Tell = std::function<void(const std::string&)>;
    Notices(Tell came, Tell went) : came_(std::move(came)), went_(std::move(went)) {}

    void update(const std::vector<model::Problem>& problems, const plan::Status& status);

private:
    Tell came_, went_;
    std::set<std::string> told_;
};

}  // namespace beeline::agent
