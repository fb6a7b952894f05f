#include "apps/cli/verb.h"

namespace beeline::cli {

void Verb::declare(Declare&) {}

}  // namespace beeline::cli
