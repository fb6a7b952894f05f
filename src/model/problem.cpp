#include "model/problem.h"

namespace beeline::model {

std::string to_string(const Problem& problem) {
    std::string text;
    if (!problem.file.empty()) {
        text += problem.file;
        if (problem.line > 0) text += ":" + std::to_string(problem.line);
        text += ": ";
    }
    if (!problem.field.empty()) text += problem.field + ": ";
    if (!problem.value.empty()) text += "'" + problem.value + "' ";
    text += problem.reason;
    if (problem.object) text += " (" + to_string(*problem.object) + ")";
    return text;
}

}  // namespace beeline::model
