// The kernels of the instruction sets that this library was built for.
#pragma once

#include "recurrence.hpp"

namespace recurra {

namespace baseline {
const Kernels& kernels();
}
namespace avx2 {
const Kernels& kernels();
}
namespace avx512 {
const Kernels& kernels();
}
namespace avx512vnni {
const Kernels& kernels();
}
namespace neon {
const Kernels& kernels();
}

// Those that this processor can run, the fastest last.
int usable_kernels(const Kernels** list, int room);

// The fastest, or the one that was chosen by name.
const Kernels& chosen_kernels();

// Choose by name; false if there is none of this name here.
bool choose_kernels(const char* name);

}  // namespace recurra
