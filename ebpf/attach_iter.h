// Iterator programs (SEC "iter/…"): the kernel runs them over all objects of a kind when somebody reads.
#pragma once
#include <string>

#include "ebpf/link.h"

namespace ebpf {

Result<Link> attach_iterator(const Program& program);
// Runs it once, over what the calling thread's namespaces have; returns what it has written.
Result<std::string> run_iterator(const Link& link);

}  // namespace ebpf
