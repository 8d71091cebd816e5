// The products of stream programs give, to the bit, what their contract says, however many rows go together.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "check.hpp"
#include "fused.hpp"
#include "stream_pack.hpp"
#include "stream_product.hpp"

namespace {

using namespace recurra;
using namespace recurra::RECURRA_ISA;
using test::check;

// Numbers of exactly this many, so that a sanitizer sees who reads on.
std::unique_ptr<float[]> random_numbers(test::Random& random, std::int64_t count) {
  auto numbers = std::make_unique<float[]>(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) numbers[static_cast<std::size_t>(i)] = static_cast<float>(random.uniform(-1, 1));
  return numbers;
}

template <class T>
std::unique_ptr<T[]> room_for(std::int64_t count) {
  return std::make_unique<T[]>(static_cast<std::size_t>(count));
}

struct Extent {
  std::int64_t depth;
  std::int64_t units;
  std::int64_t rows;
};

// A matrix of two gates, packed in the other order.
struct Matrix {
  Matrix(test::Random& random, const Extent& extent, StreamWeights weights)
      : numbers(random_numbers(random, 2 * extent.units * extent.depth)),
        columns{numbers.get(), extent.depth, extent.units, {1, 0}} {
    packed.weights = weights;
    packed.depth = extent.depth;
    packed.vectors = columns.vectors(kWidth);
    data = room_for<char>(static_cast<std::int64_t>(packed_size(columns, weights, kWidth)));
    scales = room_for<float>(packed.vectors * kWidth);
    corrections = room_for<std::int32_t>(packed.vectors * kWidth);
    pack_columns(columns, weights, kWidth, data.get(), scales.get(), corrections.get());
    packed.data = data.get();
    packed.scales = scales.get();
    packed.corrections = corrections.get();
  }

  std::unique_ptr<float[]> numbers;
  StreamColumns columns;
  StreamMatrix packed;
  std::unique_ptr<char[]> data;
  std::unique_ptr<float[]> scales;
  std::unique_ptr<std::int32_t[]> corrections;
};

float rounded_to_bfloat(float value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(nearest_bfloat16(value)) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

struct Integers8 {
  std::vector<int> numbers;
  float scale = 0;
};

// Symmetric integers of -127 to 127.
Integers8 quantized(const float* from, std::int64_t depth) {
  Integers8 result;
  float most = 0;
  for (std::int64_t k = 0; k < depth; ++k) most = std::max(most, std::fabs(from[k]));
  const float inverse = most == 0 ? 0 : 127 / most;
  for (std::int64_t k = 0; k < depth; ++k) result.numbers.push_back(static_cast<int>(std::nearbyint(from[k] * inverse)));
  result.scale = most / 127;
  return result;
}

float expected_number(StreamWeights weights, const float* left, const float* column, std::int64_t depth, float start) {
  if (weights == StreamWeights::kInt8) {
    const Integers8 a = quantized(left, depth);
    const Integers8 b = quantized(column, depth);
    std::int64_t total = 0;
    for (std::size_t k = 0; k < a.numbers.size(); ++k) total += a.numbers[k] * b.numbers[k];
    return multiplied_and_added(static_cast<float>(total), b.scale * a.scale, start);
  }
  for (std::int64_t k = 0; k < depth; ++k)
    start = multiplied_and_added(left[k], weights == StreamWeights::kFloat32 ? column[k] : rounded_to_bfloat(column[k]),
                                 start);
  return start;
}

void try_extent(test::Random& random, const Extent& extent, StreamWeights weights) {
  const Matrix matrix(random, extent, weights);
  const std::int64_t width = matrix.packed.vectors * kWidth;
  const std::int64_t left_pitch = extent.depth + random.integer(0, 3);
  const std::int64_t pitch = width + random.integer(0, 5);
  const auto left = random_numbers(random, (extent.rows - 1) * left_pitch + extent.depth);
  const auto sums = random_numbers(random, (extent.rows - 1) * pitch + width);
  const std::vector<float> before(sums.get(), sums.get() + (extent.rows - 1) * pitch + width);
  const std::int64_t quantized_pitch = round_up(extent.depth, 64);
  const auto bytes = room_for<std::int8_t>(extent.rows * quantized_pitch);
  const auto scales = room_for<float>(extent.rows);
  const Numbers out{sums.get(), pitch};
  stream_product(matrix.packed, extent.rows, {left.get(), left_pitch}, out, out,
                 {bytes.get(), quantized_pitch, scales.get()});
  for (std::int64_t row = 0; row < extent.rows; ++row)
    for (std::int64_t c = 0; c < width; ++c) {
      const float* const column = matrix.columns.column(c, kWidth);
      const std::int64_t at = row * pitch + c;
      const float start = before[static_cast<std::size_t>(at)];
      const float found = sums[static_cast<std::size_t>(at)];
      const float expected =
          column == nullptr ? start : expected_number(weights, left.get() + row * left_pitch, column, extent.depth, start);
      if (!check(std::memcmp(&found, &expected, sizeof found) == 0,
                 "weights %d, depth %d, units %d, row %d of %d, column %d: %.9g, not %.9g", static_cast<int>(weights),
                 static_cast<int>(extent.depth), static_cast<int>(extent.units), static_cast<int>(row),
                 static_cast<int>(extent.rows), static_cast<int>(c), static_cast<double>(found),
                 static_cast<double>(expected)))
        return;
    }
}

// The largest sums that the layers' sizes allow are exact.
void try_largest_sums() {
  constexpr std::int64_t depth = kLargestStreamSize;
  std::vector<float> ones(depth, 1.0f);
  for (const float sign : {1.0f, -1.0f}) {
    std::vector<float> column(depth, sign);
    const StreamColumns columns{column.data(), depth, 1, {0}};
    std::vector<char> data(packed_size(columns, StreamWeights::kInt8, kWidth));
    std::vector<float> scales(kWidth);
    std::vector<std::int32_t> corrections(kWidth);
    pack_columns(columns, StreamWeights::kInt8, kWidth, data.data(), scales.data(), corrections.data());
    const StreamMatrix matrix{StreamWeights::kInt8, data.data(), scales.data(), corrections.data(), depth, 1};
    std::vector<float> sums(kWidth);
    std::vector<std::int8_t> bytes(depth);
    float scale;
    const Numbers out{sums.data(), 0};
    stream_product(matrix, 1, {ones.data(), 0}, out, out, {bytes.data(), depth, &scale});
    const float expected = multiplied_and_added(sign * (depth * 127 * 127), (1.0f / 127) * (1.0f / 127), 0.0f);
    check(sums[0] == expected, "the largest sum is %.9g, not %.9g", static_cast<double>(sums[0]),
          static_cast<double>(expected));
  }
}

// Rows of zeros give the start; a number that is none makes all results NaN, in whatever place it stands.
void try_odd_rows(test::Random& random) {
  const Matrix matrix(random, {37, 5, 1}, StreamWeights::kInt8);
  std::vector<std::int8_t> bytes(64);
  for (int place = -2; place < 37; ++place) {
    for (const float odd : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> left(37, place == -2 ? 0.0f : place == -1 ? 1e-38f : 0.5f);
      if (place >= 0) left[static_cast<std::size_t>(place)] = -odd;
      std::vector<float> sums(static_cast<std::size_t>(matrix.packed.vectors * kWidth), 0.25f);
      float scale;
      const Numbers out{sums.data(), 0};
      stream_product(matrix.packed, 1, {left.data(), 0}, out, out, {bytes.data(), 64, &scale});
      check(place < 0 ? sums[0] == 0.25f : std::isnan(sums[0]), "a number of %g at %d gives %g",
            static_cast<double>(odd), place, static_cast<double>(sums[0]));
    }
  }
}

}  // namespace

int run_test(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 300;
  test::Random random(7);
  for (int trial = 0; trial < trials; ++trial) {
    const Extent extent{random.integer(1, trial % 10 == 0 ? 300 : 70), random.integer(1, 70), random.integer(1, 17)};
    for (const auto weights : {StreamWeights::kFloat32, StreamWeights::kBfloat16, StreamWeights::kInt8})
      try_extent(random, extent, weights);
  }
  try_largest_sums();
  try_odd_rows(random);
  return test::result();
}
