// The product of some rows with a matrix that is packed once and used at every time step.
//
// The order of accumulation is part of the contract: every number of the result is
//   ((0 + left[0] * matrix[0]) + left[1] * matrix[1]) + ...
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

// One vector of a panel: `valid` columns from `from` on, which may be none, and zeros in the lanes past them.
template <class T>
void pack_vector(T* to, std::int64_t width, std::int64_t depth, const T* from, std::int64_t depth_stride,
                 std::int64_t column_stride, std::int64_t valid) {
  constexpr int lanes = kLanes<T>;
  if (column_stride == 1) {
    for (std::int64_t k = 0; k < depth; ++k) store(to + k * width, load(from + k * depth_stride, valid));
    return;
  }
  std::int64_t k = 0;
  for (; depth_stride == 1 && k + lanes <= depth; k += lanes) {
    Vector<T> square[lanes];
    for (int lane = 0; lane < lanes; ++lane)
      square[lane] = lane < valid ? load(from + k + lane * column_stride) : Vector<T>{};
    transpose<T>(square);
    for (int row = 0; row < lanes; ++row) store(to + (k + row) * width, square[row]);
  }
  for (; k < depth; ++k)
    for (int lane = 0; lane < lanes; ++lane)
      to[k * width + lane] = lane < valid ? from[k * depth_stride + lane * column_stride] : T(0);
}

// Pack panels [begin, end). `column(panel, vector)` is the first of the columns that a vector holds, `count(panel,
// vector)` how many of its lanes are columns; the number at (depth k, column c) is matrix[k * depth_stride + c *
// column_stride].
template <class T, int VECTORS, class Column, class Count>
void pack(const Packed<T, VECTORS>& packed, std::int64_t begin, std::int64_t end, const T* matrix,
          std::int64_t depth_stride, std::int64_t column_stride, Column column, Count count) {
  for (std::int64_t panel = begin; panel < end; ++panel)
    for (int vector = 0; vector < VECTORS; ++vector)
      pack_vector(packed.data + panel * packed.depth * packed.kWidth + vector * kLanes<T>, packed.kWidth, packed.depth,
                  matrix + column(panel, vector) * column_stride, depth_stride, column_stride, count(panel, vector));
}

// How many rows of how many vectors are computed at once, so that the sums and their factors stay in registers.
constexpr int kSums = kRegisters == 32 ? 24 : 12;

template <int VECTORS>
constexpr int kRowsAtOnce = kSums / VECTORS;

// A row alone takes several panels at once, or its few sums would wait for each other.
template <int VECTORS>
constexpr int kPanelsAtOnce = (8 + VECTORS - 1) / VECTORS;

// Where sums go: one row's panels lie one behind another.
template <class T>
struct Sums {
  T* data;
  std::int64_t pitch;  // from row to row
};

// ROWS rows of `left` times PANELS neighbouring panels.
template <class T, int VECTORS, int ROWS, int PANELS>
void multiply(const T* left, std::int64_t left_pitch, const T* panel, std::int64_t depth, Sums<T> sums) {
  constexpr int lanes = kLanes<T>;
  constexpr int width = VECTORS * lanes;
  Vector<T> total[PANELS][ROWS][VECTORS] = {};
#pragma GCC unroll 2
  for (std::int64_t k = 0; k < depth; ++k) {
#pragma GCC unroll 16
    for (int p = 0; p < PANELS; ++p) {
      const T* const weights = panel + (p * depth + k) * width;
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
      for (int v = 0; v < VECTORS; ++v) store(sums.data + row * sums.pitch + p * width + v * lanes, total[p][row][v]);
}

template <class T, int VECTORS>
using Multiply = void (*)(const T*, std::int64_t, const T*, std::int64_t, Sums<T>);

template <class T, int VECTORS, int... ROWS>
RECURRA_INLINE Multiply<T, VECTORS> multiply_rows(std::int64_t rows, std::integer_sequence<int, ROWS...>) {
  static constexpr Multiply<T, VECTORS> table[] = {multiply<T, VECTORS, ROWS + 1, 1>...};
  return table[rows - 1];
}

struct Range {
  std::int64_t begin;
  std::int64_t end;
};

// Some rows of `left` (pitch numbers apart) times some panels.
template <class T, int VECTORS>
void product(Range rows, Range panels, const T* left, std::int64_t pitch, const Packed<T, VECTORS>& packed,
             Sums<T> sums) {
  constexpr std::int64_t width = Packed<T, VECTORS>::kWidth;
  constexpr std::int64_t most_rows = kRowsAtOnce<VECTORS>;
  constexpr int most_panels = kPanelsAtOnce<VECTORS>;
  const auto factors = [&](std::int64_t row) { return left + row * pitch; };
  const auto target = [&](std::int64_t row, std::int64_t panel) {
    return Sums<T>{sums.data + row * sums.pitch + panel * width, sums.pitch};
  };
  if (rows.end - rows.begin == 1) {
    std::int64_t panel = panels.begin;
    for (; panel + most_panels <= panels.end; panel += most_panels)
      multiply<T, VECTORS, 1, most_panels>(factors(rows.begin), pitch, packed.panel(panel), packed.depth,
                                           target(rows.begin, panel));
    for (; panel < panels.end; ++panel)
      multiply<T, VECTORS, 1, 1>(factors(rows.begin), pitch, packed.panel(panel), packed.depth,
                                 target(rows.begin, panel));
    return;
  }
  for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
    for (std::int64_t row = rows.begin; row < rows.end;) {
      const std::int64_t rest = rows.end - row;
      // A single row at the end would be slow: the last two blocks share.
      const std::int64_t many = rest == most_rows + 1 ? (rest + 1) / 2 : smaller(rest, most_rows);
      multiply_rows<T, VECTORS>(many, std::make_integer_sequence<int, kRowsAtOnce<VECTORS>>{})(
          factors(row), pitch, packed.panel(panel), packed.depth, target(row, panel));
      row += many;
    }
  }
}

}  // namespace recurra::RECURRA_ISA
