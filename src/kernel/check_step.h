// A comparison of rows with the kernel that is made in steps.
#pragma once

namespace beeline::kernel {

// `differs`: something is not as it was left.
enum class CheckStep { more, finished, differs };

}  // namespace beeline::kernel
