// Layer normalisation of rows of numbers (Ba, Kiros & Hinton 2016): y = (x - mean) scale gain + shift.
#pragma once

#include <cstdint>

namespace recurra {

// Rows that lie one after another.
struct RowsOfNumbers {
  std::int64_t count = 0;
  std::int64_t width = 0;
};

// The means and scales of the rows of x, one for each.
template <class T>
struct Moments {
  T* means = nullptr;
  T* scales = nullptr;
};

// To y; moments are kept where there is room for them.
template <class T>
void normalize(RowsOfNumbers rows, const T* x, const T* gain, const T* shift, double epsilon, T* y, Moments<T> moments,
               int threads);

// The gradients of x and of the gain, of those of y; `sums` is room for as many numbers as a row has.
template <class T>
void normalize_back(RowsOfNumbers rows, const T* x, const T* gain, Moments<const T> moments, const T* grad_y, T* grad_x,
                    T* grad_gain, double* sums, int threads);

}  // namespace recurra
