// What a kernel's fused multiply-add gives for one number.
#pragma once

#include <cmath>

#include "vector.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
T multiplied_and_added(T a, T b, T c) {
  if constexpr (kFuses) return std::fma(a, b, c);
  return a * b + c;
}

}  // namespace recurra::RECURRA_ISA
