// Two threads of a torture test stay on two CPUs.
#pragma once
#include <sched.h>

namespace beeline::torture {

// On one CPU the threads take turns: weaker, not wrong.
inline void pin_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

}  // namespace beeline::torture
