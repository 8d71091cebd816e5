// The threads of the process's OpenMP library, where there is one: torch's products run on them.
//
// After a product they wait for the next one with their eyes open. Threads of our own would have to share the
// processors with them; so next to torch the engine works on these threads instead of its own.
#pragma once

#include <functional>

namespace recurra {

// Use them from now on. Returns false if no OpenMP library is loaded for the whole process to see.
bool adopt_openmp();

// Run body(0) ... body(threads - 1) at the same time, body(0) on the caller's thread. Returns false, with nothing
// run, if they cannot be had: nobody adopted them, the process is a fork, or the caller is one of them itself.
bool run_on_openmp(int threads, const std::function<void(int)>& body);

}  // namespace recurra
