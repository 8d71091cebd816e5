// Sums over a row of numbers, and what layer normalisation takes from them.
#pragma once

#include "vector.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
struct Moments {
  T mean;
  T scale;  // 1 / sqrt(variance + epsilon)
};

template <class T>
inline T square_root(T value) {
  if constexpr (sizeof(T) == 4)
    return __builtin_sqrtf(value);
  else
    return __builtin_sqrt(value);
}

template <class T>
inline T sum_of(const T* values, std::int64_t size) {
  Vector<T> total{};
  for (std::int64_t j = 0; j < size; j += kLanes<T>) total += load(values + j, size - j);
  return sum<T>(total);
}

template <class T>
inline T sum_of_products(const T* a, const T* b, std::int64_t size) {
  Vector<T> total{};
  for (std::int64_t j = 0; j < size; j += kLanes<T>) total = fma(load(a + j, size - j), load(b + j, size - j), total);
  return sum<T>(total);
}

template <class T>
inline Moments<T> moments(const T* values, std::int64_t size, double epsilon) {
  const T mean = sum_of(values, size) / static_cast<T>(size);
  Vector<T> squares{};
  for (std::int64_t j = 0; j < size; j += kLanes<T>) {
    Vector<T> centred = load(values + j, size - j) - mean;
    if (size - j < kLanes<T>) {
      T kept[kLanes<T>] = {};
      store(kept, centred, size - j);
      centred = load(kept);
    }
    squares = fma(centred, centred, squares);
  }
  const T variance = sum<T>(squares) / static_cast<T>(size);
  return {mean, T(1) / square_root(variance + static_cast<T>(epsilon))};
}

}  // namespace recurra::RECURRA_ISA
