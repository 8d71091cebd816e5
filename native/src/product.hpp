// The product of some rows with a matrix that is packed once and used at every time step.
//
// The order of accumulation is part of the contract: every number of the result is
//   ((start + left[0] * matrix[0]) + left[1] * matrix[1]) + ...
// one fma after another over ascending depth. It depends neither on how many rows or columns are computed together
// nor on which thread computes them; so a step alone, a chunk and any batch give the same bits.
#pragma once

#include <utility>

#include "vector.hpp"

namespace recurra::RECURRA_ISA {

// A matrix (depth, columns) as panels of VECTORS vectors: panel, depth, vector, lane; zeros past the last column.
template <class T, int VECTORS>
struct Packed {
  T* data = nullptr;
  std::int64_t depth = 0;
  std::int64_t panels = 0;

  static constexpr std::int64_t kWidth = VECTORS * kLanes<T>;

  const T* panel(std::int64_t number) const { return data + number * depth * kWidth; }
  std::size_t size() const { return static_cast<std::size_t>(panels * depth * kWidth); }
};

// Pack panels [begin, end). `column(panel, vector)` is the first of the columns that a vector holds, `count(panel,
// vector)` how many of its lanes are columns; the number at (depth k, column c) is matrix[k * depth_stride + c *
// column_stride].
template <class T, int VECTORS, class Column, class Count>
void pack(const Packed<T, VECTORS>& packed, std::int64_t begin, std::int64_t end, const T* matrix,
          std::int64_t depth_stride, std::int64_t column_stride, Column column, Count count) {
  constexpr int lanes = kLanes<T>;
  for (std::int64_t panel = begin; panel < end; ++panel) {
    T* const to = packed.data + panel * packed.depth * packed.kWidth;
    for (int vector = 0; vector < VECTORS; ++vector) {
      const T* const from = matrix + column(panel, vector) * column_stride;
      const std::int64_t valid = count(panel, vector);
      for (int lane = 0; lane < lanes; ++lane) {
        T* lane_to = to + vector * lanes + lane;
        if (lane < valid) {
          const T* lane_from = from + lane * column_stride;
          for (std::int64_t k = 0; k < packed.depth; ++k) lane_to[k * packed.kWidth] = lane_from[k * depth_stride];
        } else {
          for (std::int64_t k = 0; k < packed.depth; ++k) lane_to[k * packed.kWidth] = T(0);
        }
      }
    }
  }
}

// How many rows of how many vectors are computed at once, so that the sums and their factors stay in registers.
constexpr int kSums = kRegisters == 32 ? 24 : 12;

template <int VECTORS>
constexpr int kRowsAtOnce = kSums / VECTORS;

// A row alone takes several panels at once, or its few sums would wait for each other.
template <int VECTORS>
constexpr int kPanelsAtOnce = (8 + VECTORS - 1) / VECTORS;

// sums[panel][row][VECTORS * lanes] += rows of `left` times PANELS neighbouring panels.
template <class T, int VECTORS, int ROWS, int PANELS>
void multiply(const T* left, std::int64_t left_pitch, const T* panel, std::int64_t panel_stride, std::int64_t depth,
              T* sums) {
  constexpr int lanes = kLanes<T>;
  constexpr int width = VECTORS * lanes;
  Vector<T> total[PANELS][ROWS][VECTORS];
#pragma GCC unroll 16
  for (int p = 0; p < PANELS; ++p)
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row)
#pragma GCC unroll 16
      for (int v = 0; v < VECTORS; ++v) total[p][row][v] = load(sums + (p * ROWS + row) * width + v * lanes);
#pragma GCC unroll 2
  for (std::int64_t k = 0; k < depth; ++k) {
#pragma GCC unroll 16
    for (int p = 0; p < PANELS; ++p) {
      const T* const weights = panel + p * panel_stride + k * width;
      if constexpr (VECTORS <= ROWS) {
        Vector<T> weight[VECTORS];
#pragma GCC unroll 16
        for (int v = 0; v < VECTORS; ++v) weight[v] = load(weights + v * lanes);
#pragma GCC unroll 16
        for (int row = 0; row < ROWS; ++row) {
          const Vector<T> factor = broadcast(left[row * left_pitch + k]);
#pragma GCC unroll 16
          for (int v = 0; v < VECTORS; ++v) total[p][row][v] = fma(factor, weight[v], total[p][row][v]);
        }
      } else {
        Vector<T> factor[ROWS];
#pragma GCC unroll 16
        for (int row = 0; row < ROWS; ++row) factor[row] = broadcast(left[row * left_pitch + k]);
#pragma GCC unroll 16
        for (int v = 0; v < VECTORS; ++v) {
          const Vector<T> weight = load(weights + v * lanes);
#pragma GCC unroll 16
          for (int row = 0; row < ROWS; ++row) total[p][row][v] = fma(factor[row], weight, total[p][row][v]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < PANELS; ++p)
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row)
#pragma GCC unroll 16
      for (int v = 0; v < VECTORS; ++v) store(sums + (p * ROWS + row) * width + v * lanes, total[p][row][v]);
}

template <class T, int VECTORS>
using Multiply = void (*)(const T*, std::int64_t, const T*, std::int64_t, std::int64_t, T*);

template <class T, int VECTORS, int... ROWS>
RECURRA_INLINE Multiply<T, VECTORS> multiply_rows(std::int64_t rows, std::integer_sequence<int, ROWS...>) {
  static constexpr Multiply<T, VECTORS> table[] = {multiply<T, VECTORS, ROWS + 1, 1>...};
  return table[rows - 1];
}

// For every row and panel: init(row, panel, sums) says where the sums start, done(row, panel, sums) takes them.
template <class T, int VECTORS, class Init, class Done>
RECURRA_INLINE void product(std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
                            std::int64_t panel_end, const T* left, std::int64_t left_pitch,
                            const Packed<T, VECTORS>& packed, Init init, Done done) {
  constexpr std::int64_t width = Packed<T, VECTORS>::kWidth;
  constexpr std::int64_t most_rows = kRowsAtOnce<VECTORS>;
  constexpr std::int64_t most_panels = kPanelsAtOnce<VECTORS>;
  const std::int64_t stride = packed.depth * width;
  alignas(64) T sums[(most_rows > most_panels ? most_rows : most_panels) * width];
  if (row_end - row_begin == 1) {
    const T* const factors = left + row_begin * left_pitch;
    for (std::int64_t panel = panel_begin; panel < panel_end;) {
      const std::int64_t many = panel_end - panel >= most_panels ? most_panels : 1;
      for (std::int64_t p = 0; p < many; ++p) init(row_begin, panel + p, sums + p * width);
      if (many == 1)
        multiply<T, VECTORS, 1, 1>(factors, left_pitch, packed.panel(panel), stride, packed.depth, sums);
      else
        multiply<T, VECTORS, 1, most_panels>(factors, left_pitch, packed.panel(panel), stride, packed.depth, sums);
      for (std::int64_t p = 0; p < many; ++p) done(row_begin, panel + p, sums + p * width);
      panel += many;
    }
    return;
  }
  for (std::int64_t panel = panel_begin; panel < panel_end; ++panel) {
    for (std::int64_t row = row_begin; row < row_end;) {
      const std::int64_t left_over = row_end - row;
      // A single row at the end would be slow: the last two blocks share.
      const std::int64_t rows = left_over == most_rows + 1 ? (left_over + 1) / 2 : smaller(left_over, most_rows);
      for (std::int64_t r = 0; r < rows; ++r) init(row + r, panel, sums + r * width);
      multiply_rows<T, VECTORS>(rows, std::make_integer_sequence<int, kRowsAtOnce<VECTORS>>{})(
          left + row * left_pitch, left_pitch, packed.panel(panel), stride, packed.depth, sums);
      for (std::int64_t r = 0; r < rows; ++r) done(row + r, panel, sums + r * width);
      row += rows;
    }
  }
}

}  // namespace recurra::RECURRA_ISA
