// The most that a processor can do: fused multiply-adds in registers, which wait for nothing but each other.
#pragma once

#include "product.hpp"

namespace recurra::RECURRA_ISA {

// So many rounds over as many vectors as a product has sums at once. Return the floating-point operations of it.
inline std::int64_t multiply_and_add(std::int64_t rounds) {
  const Vector<float> half = broadcast(0.5f);
  Vector<float> sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = broadcast(static_cast<float>(i + 2));  // equal ones would become one
  for (std::int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 32
    for (int i = 0; i < kSums; ++i) sums[i] = fma(sums[i], half, half);
  Vector<float> total{};
  for (const Vector<float>& one : sums) total += one;
  [[maybe_unused]] volatile float seen = sum<float>(total);  // or nobody would compute it
  return 2 * rounds * kSums * kLanes<float>;
}

}  // namespace recurra::RECURRA_ISA
