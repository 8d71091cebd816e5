// Layer normalisation of rows of numbers (Ba, Kiros & Hinton 2016): y = (x - mean) scale gain + shift.
#pragma once

#include <cstdint>

namespace recurra {

// Rows that lie one after another, and what becomes of them. Forward takes what is before `grad_y`; back takes x, gain,
// means, scales and what follows.
template <class T>
struct RowNorm {
  std::int64_t count = 0;
  std::int64_t width = 0;
  const T* x = nullptr;
  const T* gain = nullptr;
  const T* shift = nullptr;
  double epsilon = 0;
  T* means = nullptr;  // (count), kept where there is room
  T* scales = nullptr;
  T* y = nullptr;
  const T* grad_y = nullptr;
  T* grad_x = nullptr;
  T* grad_gain = nullptr;
};

// How one instruction set does it: for some of the rows, or for some of the columns where it sums over rows.
template <class T>
struct RowNormKernel {
  using Part = void (*)(const RowNorm<T>&, std::int64_t begin, std::int64_t end);

  Part forward;
  Part grad_x;
  Part grad_gain;
};

template <class T>
void normalize(const RowNorm<T>& norm, int threads);

template <class T>
void normalize_back(const RowNorm<T>& norm, int threads);

}  // namespace recurra
