// Large products give, to the bit, what their order of accumulation says, however they are stored, cut and shared out.
//
// usage: matmul [how many problems]
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "check.hpp"
#include "fused.hpp"
#include "matmul_kernel.hpp"

namespace {

using namespace recurra;
using namespace recurra::RECURRA_ISA;
using test::check;

// A matrix stored either way, with gaps, in exactly as much memory as it takes.
template <class T>
struct Stored {
  Stored(test::Random& random, std::int64_t rows, std::int64_t columns) {
    const bool by_columns = random.chance(0.5);
    const std::int64_t gap = random.integer(0, 3);
    const std::int64_t step = random.chance(0.2) ? 2 : 1;  // between neighbours
    factor.row_stride = by_columns ? step : columns * step + gap;
    factor.column_stride = by_columns ? rows * step + gap : step;
    const std::int64_t count =
        rows == 0 || columns == 0 ? 0 : (rows - 1) * factor.row_stride + (columns - 1) * factor.column_stride + 1;
    numbers = std::make_unique<T[]>(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
      numbers[static_cast<std::size_t>(i)] = static_cast<T>(random.uniform(-1, 1));
    factor.data = numbers.get();
  }

  std::unique_ptr<T[]> numbers;
  Factor<T> factor;
};

template <class T>
T expected_at(const Matmul<T>& m, std::int64_t row, std::int64_t column) {
  T whole = 0;
  for (std::int64_t begin = 0; begin == 0 || begin < m.inner; begin += kBlockDepth) {
    T total = begin == 0 && m.start != nullptr ? m.start[column] : T(0);
    for (std::int64_t k = begin; k < smaller(begin + kBlockDepth, m.inner); ++k)
      total = multiplied_and_added(*m.left.at(row, k), *m.right.at(k, column), total);
    whole = begin == 0 ? total : whole + total;
  }
  return whole;
}

template <class T>
void try_extent(test::Random& random, std::int64_t rows, std::int64_t columns, std::int64_t inner, int threads) {
  const Stored<T> left(random, rows, inner), right(random, inner, columns);
  const Stored<T> start(random, 1, columns);
  std::vector<T> starts(static_cast<std::size_t>(columns));
  for (std::int64_t c = 0; c < columns; ++c) starts[static_cast<std::size_t>(c)] = *start.factor.at(0, c);
  Matmul<T> m;
  m.rows = rows;
  m.columns = columns;
  m.inner = inner;
  m.left = left.factor;
  m.right = right.factor;
  m.start = random.chance(0.5) ? starts.data() : nullptr;
  m.pitch = columns + random.integer(0, 3);
  const T untouched = T(77);
  std::vector<T> result(static_cast<std::size_t>(rows * m.pitch), untouched);
  m.result = result.data();

  constexpr MatmulKernel<T> kernel = matmul_kernel<T>();
  const std::size_t size = (kernel.size(m, threads) + 63) / 64 * 64;
  const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(64, size), std::free);
  Control control;
  Barrier barrier(threads, control);
  std::vector<std::thread> team;
  for (int thread = 1; thread < threads; ++thread)
    team.emplace_back([&, thread] { kernel.run(m, memory.get(), thread, threads, barrier); });
  kernel.run(m, memory.get(), 0, threads, barrier);
  for (std::thread& one : team) one.join();

  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < m.pitch; ++column) {
      const T expected = column < columns ? expected_at(m, row, column) : untouched;
      const T got = result[static_cast<std::size_t>(row * m.pitch + column)];
      check(std::memcmp(&got, &expected, sizeof(T)) == 0,
            "float%zu, %lld x %lld over %lld, %d threads: %.17g instead of %.17g at %lld, %lld", 8 * sizeof(T),
            (long long)rows, (long long)columns, (long long)inner, threads, double(got), double(expected),
            (long long)row, (long long)column);
    }
}

template <class T>
void try_all(int problems) {
  test::Random random(5);
  const auto size = [&](std::int64_t most) { return random.integer(0, random.chance(0.2) ? most : 40); };
  for (int number = 0; number < problems; ++number)
    try_extent<T>(random, size(4 * kBlockRows), size(3 * kTileColumns<T>), size(2 * kBlockDepth + 5),
                  static_cast<int>(random.integer(1, 3)));
  try_extent<T>(random, 3, kBlockColumns + 5, 7, 2);  // columns in blocks
}

}  // namespace

int run_test(int count, char** arguments) {
  const int problems = count > 1 ? std::atoi(arguments[1]) : 300;
  try_all<float>(problems);
  try_all<double>(problems);
  return test::result();
}
