#include "row_norm.hpp"

#include <algorithm>
#include <cmath>

#include "shares.hpp"

namespace recurra {
namespace {

template <class T>
std::int64_t bytes_of(RowsOfNumbers rows) {
  return rows.count * rows.width * static_cast<std::int64_t>(sizeof(T));
}

}  // namespace

template <class T>
void normalize(RowsOfNumbers rows, const T* x, const T* gain, const T* shift, double epsilon, T* y, Moments<T> moments,
               int threads) {
  const auto size = static_cast<double>(rows.width);
  for_shares(rows.count, bytes_of<T>(rows), threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const from = x + row * rows.width;
      T* const to = y + row * rows.width;
      double total = 0, squares = 0;
      for (std::int64_t j = 0; j < rows.width; ++j) total += static_cast<double>(from[j]);
      for (std::int64_t j = 0; j < rows.width; ++j) {
        const double apart = static_cast<double>(from[j]) - total / size;
        squares += apart * apart;
      }
      const T mean = static_cast<T>(total / size);
      const T scale = static_cast<T>(1 / std::sqrt(squares / size + epsilon));
      for (std::int64_t j = 0; j < rows.width; ++j) to[j] = (from[j] - mean) * scale * gain[j] + shift[j];
      if (moments.means == nullptr) continue;
      moments.means[row] = mean;
      moments.scales[row] = scale;
    }
  });
}

template <class T>
void normalize_back(RowsOfNumbers rows, const T* x, const T* gain, Moments<const T> moments, const T* grad_y, T* grad_x,
                    T* grad_gain, double* sums, int threads) {
  const std::int64_t width = rows.width;
  const auto normal = [&](std::int64_t row, std::int64_t j) {
    return (x[row * width + j] - moments.means[row]) * moments.scales[row];
  };
  for_shares(rows.count, bytes_of<T>(rows), threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const grads = grad_y + row * width;
      double total = 0, along = 0;
      for (std::int64_t j = 0; j < width; ++j) {
        const double own = static_cast<double>(grads[j]) * static_cast<double>(gain[j]);
        total += own;
        along += own * static_cast<double>(normal(row, j));
      }
      const T mean = static_cast<T>(total / static_cast<double>(width));
      const T slope = static_cast<T>(along / static_cast<double>(width));
      for (std::int64_t j = 0; j < width; ++j)
        grad_x[row * width + j] = moments.scales[row] * (grads[j] * gain[j] - mean - normal(row, j) * slope);
    }
  });
  for_shares(width, bytes_of<T>(rows), threads, [&](std::int64_t begin, std::int64_t end) {
    std::fill(sums + begin, sums + end, 0.0);
    for (std::int64_t row = 0; row < rows.count; ++row)
      for (std::int64_t j = begin; j < end; ++j)
        sums[j] += static_cast<double>(grad_y[row * width + j] * normal(row, j));
    for (std::int64_t j = begin; j < end; ++j) grad_gain[j] = static_cast<T>(sums[j]);
  });
}

template void normalize(RowsOfNumbers, const float*, const float*, const float*, double, float*, Moments<float>, int);
template void normalize(RowsOfNumbers, const double*, const double*, const double*, double, double*, Moments<double>,
                        int);
template void normalize_back(RowsOfNumbers, const float*, const float*, Moments<const float>, const float*, float*,
                             float*, double*, int);
template void normalize_back(RowsOfNumbers, const double*, const double*, Moments<const double>, const double*, double*,
                             double*, double*, int);

}  // namespace recurra
