// Layer normalisation of many rows, in vectors.
#pragma once

#include <algorithm>

#include "moments.hpp"
#include "row_norm.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
void normalize_rows(const RowNorm<T>& norm, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const T* const from = norm.x + row * norm.width;
    T* const to = norm.y + row * norm.width;
    const Moments<T> m = moments(from, norm.width, norm.epsilon);
    for_vectors<T>({0, norm.width}, [&](std::int64_t j, auto count) {
      const Vector<T> normal = (load(from + j, count) - m.mean) * m.scale;
      store(to + j, fma(load(norm.gain + j, count), normal, load(norm.shift + j, count)), count);
    });
    if (norm.means == nullptr) continue;
    norm.means[row] = m.mean;
    norm.scales[row] = m.scale;
  }
}

template <class T>
void normalize_rows_back(const RowNorm<T>& norm, std::int64_t begin, std::int64_t end) {
  const Range all{0, norm.width};
  for (std::int64_t row = begin; row < end; ++row) {
    const T* const x = norm.x + row * norm.width;
    const T* const grads = norm.grad_y + row * norm.width;
    T* const to = norm.grad_x + row * norm.width;
    const T mean = norm.means[row], scale = norm.scales[row];
    Vector<T> total{}, along{};  // past the end of a row gradients are zero
    for_vectors<T>(all, [&](std::int64_t j, auto count) {
      const Vector<T> own = load(grads + j, count) * load(norm.gain + j, count);
      total += own;
      along = fma(own, (load(x + j, count) - mean) * scale, along);
    });
    const T level = sum<T>(total) / static_cast<T>(norm.width);
    const T slope = sum<T>(along) / static_cast<T>(norm.width);
    for_vectors<T>(all, [&](std::int64_t j, auto count) {
      const Vector<T> own = load(grads + j, count) * load(norm.gain + j, count);
      const Vector<T> normal = (load(x + j, count) - mean) * scale;
      store(to + j, (own - level - normal * slope) * scale, count);
    });
  }
}

// Columns [begin, end) of the gradient of the gain. Rows are added up in blocks, so that little is lost.
template <class T>
void sum_gain(const RowNorm<T>& norm, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t block = 256, most = 512;
  T some[most];
  for (std::int64_t first = begin; first < end; first += most) {
    const Range columns{0, smaller(most, end - first)};
    T* const to = norm.grad_gain + first;
    std::fill_n(to, columns.end, T(0));
    for (std::int64_t start = 0; start < norm.count; start += block) {
      std::fill_n(some, columns.end, T(0));
      for (std::int64_t row = start; row < smaller(start + block, norm.count); ++row) {
        const T* const x = norm.x + row * norm.width + first;
        const T* const grads = norm.grad_y + row * norm.width + first;
        const T mean = norm.means[row], scale = norm.scales[row];
        for_vectors<T>(columns, [&](std::int64_t j, auto count) {
          const Vector<T> normal = (load(x + j, count) - mean) * scale;
          store(some + j, fma(load(grads + j, count), normal, load(some + j, count)), count);
        });
      }
      for_vectors<T>(columns, [&](std::int64_t j, auto count) {
        store(to + j, load(to + j, count) + load(some + j, count), count);
      });
    }
  }
}

template <class T>
constexpr RowNormKernel<T> row_norm_kernel() {
  return {&normalize_rows<T>, &normalize_rows_back<T>, &sum_gain<T>};
}

}  // namespace recurra::RECURRA_ISA
