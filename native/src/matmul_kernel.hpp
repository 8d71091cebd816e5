// Products of large matrices in packed blocks, as Goto & van de Geijn, "Anatomy of high-performance matrix
// multiplication" (2008), describe them.
//
// Blocks of depths are gone through in their order. Of each, all threads together pack `right` into panels of two
// vectors of columns; then each takes its rows, as many at a time as stay in its cache, tile by tile: sums of a tile
// stay in registers, and a panel in the nearest cache for all tiles of these rows. Rows of `left` whose depths lie one
// after another are read where they are, others are packed. Where rows are too few to be shared out, threads take
// panels instead, and pack each just before it is used.
#pragma once

#include "barrier.hpp"
#include "matmul.hpp"
#include "matrix.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kTileVectors = 2;
constexpr int kTileRows = kSums / kTileVectors;
constexpr std::int64_t kBlockDepth = 256;
constexpr std::int64_t kBlockRows = 16 * kTileRows;
constexpr std::int64_t kBlockColumns = 4096;

template <class T>
constexpr std::int64_t kTileColumns = kTileVectors * kLanes<T>;

// One tile of the result, and what goes into it.
template <class T>
struct Tile {
  const T* left;  // row, depth: rows `left_row` apart; packed ones depth, row
  std::int64_t left_row;
  const T* panel;  // depth, vector, lane
  std::int64_t depth;
  const T* start;  // what sums begin with: of the panel's columns, or null
  T* result;
  std::int64_t pitch;
  std::int64_t columns;  // that are valid
  bool adds;             // to what the result holds
};

template <class T, int ROWS, bool PACKED>
void multiply_tile(const Tile<T>& tile) {
  constexpr int lanes = kLanes<T>;
  Vector<T> total[ROWS][kTileVectors] = {};
  if (tile.start != nullptr) {
    for (int v = 0; v < kTileVectors; ++v) {
      const std::int64_t valid = tile.columns - v * lanes;
      const Vector<T> start = valid > 0 ? load(tile.start + v * lanes, valid) : Vector<T>{};
#pragma GCC unroll 16
      for (int row = 0; row < ROWS; ++row) total[row][v] = start;
    }
  }
  const T* left = tile.left;
  const T* panel = tile.panel;
  const std::int64_t left_row = tile.left_row;
#pragma GCC unroll 4
  for (std::int64_t k = 0; k < tile.depth; ++k) {
    Vector<T> weight[kTileVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kTileVectors; ++v) weight[v] = load(panel + v * lanes);
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row) {
      const Vector<T> factor = broadcast(PACKED ? left[row] : left[row * left_row]);
#pragma GCC unroll 4
      for (int v = 0; v < kTileVectors; ++v) total[row][v] = fma(factor, weight[v], total[row][v]);
    }
    left += PACKED ? ROWS : 1;
    panel += kTileVectors * lanes;
  }
#pragma GCC unroll 16
  for (int row = 0; row < ROWS; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < kTileVectors; ++v) {
      const std::int64_t valid = tile.columns - v * lanes;
      if (valid <= 0) continue;
      T* const to = tile.result + row * tile.pitch + v * lanes;
      if (valid >= lanes) {
        store(to, tile.adds ? load(to) + total[row][v] : total[row][v]);
      } else {
        store(to, tile.adds ? load(to, valid) + total[row][v] : total[row][v], valid);
      }
    }
  }
}

template <class T>
using MultiplyTile = void (*)(const Tile<T>&);

template <class T, bool PACKED, int... ROWS>
MultiplyTile<T> tile_of(std::int64_t rows, std::integer_sequence<int, ROWS...>) {
  static constexpr MultiplyTile<T> table[] = {multiply_tile<T, ROWS + 1, PACKED>...};
  return table[rows - 1];
}

template <class T>
class MatmulRun {
 public:
  MatmulRun(const Matmul<T>& m, void* memory, int threads) : m_(m), threads_(threads), arena_(memory) {
    const std::int64_t depth = smaller(m.inner, kBlockDepth);
    const std::int64_t block = rounded_up(smaller(m.columns, kBlockColumns), kTileColumns<T>);
    panels_ = arena_.take<T>(larger(block, threads * kTileColumns<T>) * depth);
    rows_pitch_ = packs_left() ? rounded_up(kBlockRows * depth, 64) : 0;
    rows_ = arena_.take<T>(rows_pitch_ * threads);
  }

  std::size_t size() const { return arena_.used(); }

  void run(int thread, Barrier& barrier) {
    if (splits_rows()) {
      const Range tiles = share(rounded_up(m_.rows, kTileRows) / kTileRows, thread, threads_);
      const Range rows{tiles.begin * kTileRows, smaller(tiles.end * kTileRows, m_.rows)};
      for (std::int64_t column = 0; column < m_.columns; column += kBlockColumns) {
        const Range columns{column, smaller(column + kBlockColumns, m_.columns)};
        for_depths([&](Range depths) {
          pack_panels(panels_, share(panels_in(columns), thread, threads_), columns, depths);
          barrier.wait();
          for_blocks(rows, [&](Range block) {
            pack_rows(thread, block, depths);
            multiply_block(thread, panels_, block, columns, depths);
          });
          barrier.wait();
        });
      }
    } else {
      T* const own = panels_ + thread * kTileColumns<T> * smaller(m_.inner, kBlockDepth);
      const Range panels = share(panels_in({0, m_.columns}), thread, threads_);
      for_depths([&](Range depths) {
        for_blocks({0, m_.rows}, [&](Range rows) {
          pack_rows(thread, rows, depths);
          for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
            const std::int64_t column = panel * kTileColumns<T>;
            const Range columns{column, smaller(column + kTileColumns<T>, m_.columns)};
            pack_panels(own, {0, 1}, columns, depths);
            multiply_block(thread, own, rows, columns, depths);
          }
        });
      });
    }
  }

 private:
  bool packs_left() const { return m_.left.column_stride != 1; }
  bool splits_rows() const { return m_.rows >= 2 * kTileRows * threads_; }

  static std::int64_t panels_in(Range columns) {
    return rounded_up(columns.end - columns.begin, kTileColumns<T>) / kTileColumns<T>;
  }

  template <class Visit>
  void for_depths(Visit visit) const {
    for (std::int64_t depth = 0; depth == 0 || depth < m_.inner; depth += kBlockDepth)
      visit(Range{depth, smaller(depth + kBlockDepth, m_.inner)});
  }

  // Rows, as many at a time as stay in the cache.
  template <class Visit>
  static void for_blocks(Range rows, Visit visit) {
    for (std::int64_t row = rows.begin; row < rows.end; row += kBlockRows)
      visit(Range{row, smaller(row + kBlockRows, rows.end)});
  }

  // Some panels of a block of columns.
  void pack_panels(T* to, Range panels, Range columns, Range depths) const {
    Packed<T, kTileVectors> packed;
    packed.data = to;
    packed.depth = depths.end - depths.begin;
    packed.panels = panels_in(columns);
    const auto column = [](std::int64_t panel, int vector) { return panel * kTileColumns<T> + vector * kLanes<T>; };
    pack(packed, panels.begin, panels.end, m_.right.at(depths.begin, columns.begin), m_.right.row_stride,
         m_.right.column_stride, column, [&](std::int64_t panel, int vector) {
           return larger(0, columns.end - columns.begin - column(panel, vector));
         });
  }

  void multiply_block(int thread, const T* panels, Range rows, Range columns, Range depths) {
    const std::int64_t depth = depths.end - depths.begin;
    const T* const packed = rows_ + thread * rows_pitch_;
    for (std::int64_t panel = 0; panel < panels_in(columns); ++panel) {
      const std::int64_t column = columns.begin + panel * kTileColumns<T>;
      Tile<T> tile{};
      tile.panel = panels + panel * kTileColumns<T> * depth;
      tile.depth = depth;
      tile.start = depths.begin == 0 && m_.start != nullptr ? m_.start + column : nullptr;
      tile.pitch = m_.pitch;
      tile.columns = smaller(columns.end - column, kTileColumns<T>);
      tile.adds = depths.begin > 0;
      for (std::int64_t row = rows.begin; row < rows.end; row += kTileRows) {
        const std::int64_t count = smaller(kTileRows, rows.end - row);
        tile.result = m_.result + row * m_.pitch + column;
        constexpr auto sizes = std::make_integer_sequence<int, kTileRows>{};
        if (packs_left()) {
          tile.left = packed + (row - rows.begin) * depth;
          tile_of<T, true>(count, sizes)(tile);
        } else {
          tile.left = m_.left.at(row, depths.begin);
          tile.left_row = m_.left.row_stride;
          tile_of<T, false>(count, sizes)(tile);
        }
      }
    }
  }

  // Where they do not lie as tiles take them: tile by tile, depth, row.
  void pack_rows(int thread, Range rows, Range depths) const {
    if (!packs_left()) return;
    T* to = rows_ + thread * rows_pitch_;
    for (std::int64_t row = rows.begin; row < rows.end; row += kTileRows) {
      const std::int64_t count = smaller(kTileRows, rows.end - row);
      const T* from = m_.left.at(row, depths.begin);
      for (std::int64_t k = depths.begin; k < depths.end; ++k, from += m_.left.column_stride)
        for (std::int64_t i = 0; i < count; ++i) *to++ = from[i * m_.left.row_stride];
    }
  }

  const Matmul<T>& m_;
  int threads_;
  Arena arena_;
  T* panels_;
  T* rows_;
  std::int64_t rows_pitch_;
};

template <class T>
constexpr MatmulKernel<T> matmul_kernel() {
  return {
      [](const Matmul<T>& matmul, int threads) { return MatmulRun<T>(matmul, nullptr, threads).size(); },
      [](const Matmul<T>& matmul, void* memory, int thread, int threads, Barrier& barrier) {
        MatmulRun<T>(matmul, memory, threads).run(thread, barrier);
      },
      kTileRows,
      kTileColumns<T>,
  };
}

}  // namespace recurra::RECURRA_ISA
