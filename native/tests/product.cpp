// The packed product gives, to the bit, what its order of accumulation says, however its work is cut.
#include <bit>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "check.hpp"
#include "fused.hpp"
#include "product.hpp"

namespace {

using namespace recurra;
using namespace recurra::RECURRA_ISA;
using test::check;

// Numbers of exactly this many, so that a sanitizer sees who reads on.
template <class T>
std::unique_ptr<T[]> random_numbers(test::Random& random, std::int64_t count) {
  auto numbers = std::make_unique<T[]>(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    numbers[static_cast<std::size_t>(i)] = static_cast<T>(random.uniform(-1, 1));
  return numbers;
}

struct Extent {
  std::int64_t depth;
  std::int64_t panels;
  std::int64_t rows;
};

// A matrix of (depth, columns) stored either way, whose last panel is not full.
template <class T, int VECTORS>
struct Matrix {
  Matrix(test::Random& random, const Extent& extent, bool stored_by_columns, std::int64_t step)
      : columns(extent.panels * VECTORS * kLanes<T> - random.integer(0, VECTORS * kLanes<T> - 1)),
        depth_stride(step * (stored_by_columns ? 1 : columns)),
        column_stride(step * (stored_by_columns ? extent.depth : 1)),
        numbers(random_numbers<T>(random, step * extent.depth * columns)),
        memory(static_cast<T*>(std::aligned_alloc(64, size_of(extent) + 64)), std::free) {
    packed.depth = extent.depth;
    packed.panels = extent.panels;
    packed.data = memory.get();
    const auto column = [](std::int64_t panel, int vector) { return (panel * VECTORS + vector) * kLanes<T>; };
    const auto count = [&](std::int64_t panel, int vector) { return columns - column(panel, vector); };
    const std::int64_t half = extent.panels / 2;  // as two threads do it
    pack(packed, 0, half, numbers.get(), depth_stride, column_stride, column, count);
    pack(packed, half, extent.panels, numbers.get(), depth_stride, column_stride, column, count);
  }

  static std::size_t size_of(const Extent& extent) {
    const auto size = static_cast<std::size_t>(extent.depth * extent.panels * Packed<T, VECTORS>::kWidth) * sizeof(T);
    return (size + 63) / 64 * 64;
  }

  T at(std::int64_t k, std::int64_t column) const {
    return column < columns ? numbers[static_cast<std::size_t>(k * depth_stride + column * column_stride)] : T(0);
  }

  std::int64_t columns, depth_stride, column_stride;
  std::unique_ptr<T[]> numbers;
  std::unique_ptr<T, decltype(&std::free)> memory;
  Packed<T, VECTORS> packed;
};

template <class T, int VECTORS>
void try_extent(test::Random& random, const Extent& extent) {
  constexpr std::int64_t width = Packed<T, VECTORS>::kWidth;
  const Matrix<T, VECTORS> matrix(random, extent, random.chance(0.5), random.integer(1, 2));
  const std::int64_t row_begin = random.integer(0, 2), row_end = row_begin + extent.rows;
  const std::int64_t panel_begin = random.integer(0, extent.panels - 1);
  const std::int64_t pitch = extent.depth + random.integer(0, 3);
  const auto left = random_numbers<T>(random, row_end * pitch);
  const std::int64_t sums_pitch = extent.panels * width;
  std::vector<T> got(static_cast<std::size_t>(row_end * sums_pitch), std::numeric_limits<T>::quiet_NaN());
  product({row_begin, row_end}, {panel_begin, extent.panels}, left.get(), pitch, matrix.packed,
          Sums<T>{got.data(), sums_pitch});
  for (std::int64_t row = row_begin; row < row_end; ++row)
    for (std::int64_t column = panel_begin * width; column < extent.panels * width; ++column) {
      const std::int64_t place = row * sums_pitch + column;
      T expected = 0;
      for (std::int64_t k = 0; k < extent.depth; ++k)
        expected =
            multiplied_and_added(left[static_cast<std::size_t>(row * pitch + k)], matrix.at(k, column), expected);
      const T ours = got[static_cast<std::size_t>(place)];
      check(std::memcmp(&ours, &expected, sizeof(T)) == 0,
            "float%zu, %d vectors, depth %lld, %lld panels, %lld rows: %.17g instead of %.17g at %lld, %lld",
            8 * sizeof(T), VECTORS, (long long)extent.depth, (long long)extent.panels, (long long)extent.rows,
            double(ours), double(expected), (long long)row, (long long)column);
    }
}

template <class T, int VECTORS>
void try_all() {
  test::Random random(VECTORS);
  for (std::int64_t depth = 0; depth <= 70; ++depth) {
    for (std::int64_t rows = 1; rows <= 2 * kRowsAtOnce<VECTORS> + 2; ++rows)
      try_extent<T, VECTORS>(random, {depth, random.integer(1, 2), rows});
    for (std::int64_t panels = 1; panels <= 2 * kPanelsAtOnce<VECTORS> + 1; ++panels)
      try_extent<T, VECTORS>(random, {depth, panels, 1});
  }
}

}  // namespace

int run_test(int, char**) {
  try_all<float, 1>();
  try_all<float, 2>();
  try_all<float, 3>();
  try_all<float, 4>();
  try_all<double, 1>();
  try_all<double, 2>();
  try_all<double, 3>();
  try_all<double, 4>();
  return test::result();
}
