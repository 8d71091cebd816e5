// Products of rows with packed matrices of float32, bfloat16 or int8.
//
// The order of accumulation is part of the contract. In float32 and bfloat16 every number of a result is
//   ((start + left[0] * matrix[0]) + left[1] * matrix[1]) + ...
// one fma after another over ascending depth, in float32; in int8 it is
//   start + (exact integer sum) * (scale of the row * scale of the column)
// with one fma. It depends on nothing else: neither on the rows and columns that are computed together, nor on how
// they lie, nor on the thread; so a step alone, a chunk and any batch give the same bits.
//
// Where a sum starts is the caller's: at a bias, at zero, or where another product ended (W x, then U h), which makes
// one longer chain of both. Products in training (product.hpp) start at zero and the bias is added outside of them, so
// the numbers of a model and of its program agree within rounding only.
#pragma once

#include <cstring>
#include <type_traits>
#include <utility>

#include "stream.hpp"
#include "vector.hpp"

namespace recurra::RECURRA_ISA {

using Integers = Bits<float>;
constexpr int kWidth = kLanes<float>;

RECURRA_INLINE Integers load_bits(const void* from) {
  Integers value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Rows of numbers; a pitch of 0 repeats one.
struct Numbers {
  float* data;
  std::int64_t pitch;

  float* row(std::int64_t number) const { return data + number * pitch; }
};

struct ConstNumbers {
  const float* data;
  std::int64_t pitch;

  ConstNumbers(const float* from, std::int64_t distance) : data(from), pitch(distance) {}
  ConstNumbers(Numbers from) : data(from.data), pitch(from.pitch) {}
  const float* row(std::int64_t number) const { return data + number * pitch; }
};

struct QuantizedRows {
  const std::int8_t* data;
  std::int64_t pitch;
  const float* scales;
};

// Weights as they lie in memory: of `WIDTH` vectors at one depth, `vectors` of them are stored.
struct FloatWeights {
  static constexpr std::int64_t stored(std::int64_t width) { return width; }
  RECURRA_INLINE static Vector<float> load_weight(const char* at, int vector) {
    return load(reinterpret_cast<const float*>(at + vector * kVectorBytes));
  }
};

struct BfloatWeights {
  static constexpr std::int64_t stored(std::int64_t width) { return (width + 1) / 2; }
  RECURRA_INLINE static Vector<float> load_weight(const char* at, int vector) {
    const Integers pair = load_bits(at + vector / 2 * kVectorBytes);
    return (Vector<float>)(vector % 2 == 0 ? pair << 16 : pair & static_cast<std::int32_t>(0xffff0000));
  }
};

// TILES neighbouring tiles of WIDTH vectors, for ROWS rows.
template <class WEIGHTS, int WIDTH, int ROWS, int TILES>
void multiply_tiles(ConstNumbers left, const char* tile, std::int64_t stride, std::int64_t depth, ConstNumbers start,
                    Numbers out) {
  constexpr std::int64_t pitch = WEIGHTS::stored(WIDTH) * kVectorBytes;
  Vector<float> total[TILES][ROWS][WIDTH];
#pragma GCC unroll 16
  for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row)
#pragma GCC unroll 16
      for (int v = 0; v < WIDTH; ++v) total[t][row][v] = load(start.row(row) + (t * WIDTH + v) * kWidth);
#pragma GCC unroll 2
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector<float> factor[ROWS];
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row) factor[row] = broadcast(left.row(row)[k]);
#pragma GCC unroll 16
    for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 16
      for (int v = 0; v < WIDTH; ++v) {
        const Vector<float> weight = WEIGHTS::load_weight(tile + t * stride + k * pitch, v);
#pragma GCC unroll 16
        for (int row = 0; row < ROWS; ++row) total[t][row][v] = fma(factor[row], weight, total[t][row][v]);
      }
  }
#pragma GCC unroll 16
  for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row)
#pragma GCC unroll 16
      for (int v = 0; v < WIDTH; ++v) store(out.row(row) + (t * WIDTH + v) * kWidth, total[t][row][v]);
}

// Sum of four products in every lane, exactly: |activation| and |weight| are at most 127.
RECURRA_INLINE Integers dot(Integers sum, Integers activations, Integers weights) {
#if defined(__AVX512VNNI__)
  // One factor has to be unsigned; `corrections` takes the 128 away again.
  const __m512i shifted = _mm512_xor_si512((__m512i)activations, _mm512_set1_epi8(static_cast<char>(0x80)));
  return (Integers)_mm512_dpbusd_epi32((__m512i)sum, shifted, (__m512i)weights);
#elif defined(__AVX512BW__)
  const __m512i a = (__m512i)activations;
  const __m512i signed_weights =
      _mm512_mask_sub_epi8((__m512i)weights, _mm512_movepi8_mask(a), _mm512_setzero_si512(), (__m512i)weights);
  const __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(a), signed_weights);
  return sum + (Integers)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVX2__)
  const __m256i a = (__m256i)activations;
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8((__m256i)weights, a));
  return sum + (Integers)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#elif defined(__ARM_FEATURE_DOTPROD)
  return (Integers)vdotq_s32((int32x4_t)sum, (int8x16_t)activations, (int8x16_t)weights);
#elif defined(__ARM_NEON)
  const int8x16_t a = (int8x16_t)activations;
  const int8x16_t w = (int8x16_t)weights;
  const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(w));
  const int16x8_t high = vmull_s8(vget_high_s8(a), vget_high_s8(w));
  return (Integers)vpadalq_s16((int32x4_t)sum, vpaddq_s16(low, high));
#else
  const Integers a[4] = {activations << 24, activations << 16, activations << 8, activations};
  const Integers w[4] = {weights << 24, weights << 16, weights << 8, weights};
  for (int part = 0; part < 4; ++part) sum += (a[part] >> 24) * (w[part] >> 24);
  return sum;
#endif
}

#if defined(__AVX512VNNI__)
constexpr bool kCorrected = true;
#else
constexpr bool kCorrected = false;
#endif

template <int WIDTH, int ROWS, int TILES>
void multiply_tiles_int8(QuantizedRows left, const char* tile, std::int64_t stride, std::int64_t groups,
                         const float* scales, const std::int32_t* corrections, ConstNumbers start, Numbers out) {
  Integers total[TILES][ROWS][WIDTH];
#pragma GCC unroll 16
  for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row)
#pragma GCC unroll 16
      for (int v = 0; v < WIDTH; ++v)
        total[t][row][v] = kCorrected ? load_bits(corrections + (t * WIDTH + v) * kWidth) : Integers{};
  for (std::int64_t group = 0; group < groups; ++group) {
    Integers factor[ROWS];
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row) {
      std::int32_t four;
      std::memcpy(&four, left.data + row * left.pitch + group * 4, 4);
      factor[row] = four + Integers{};
    }
#pragma GCC unroll 16
    for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 16
      for (int v = 0; v < WIDTH; ++v) {
        const Integers weight = load_bits(tile + t * stride + (group * WIDTH + v) * kVectorBytes);
#pragma GCC unroll 16
        for (int row = 0; row < ROWS; ++row) total[t][row][v] = dot(total[t][row][v], factor[row], weight);
      }
  }
#pragma GCC unroll 16
  for (int t = 0; t < TILES; ++t)
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; ++row)
#pragma GCC unroll 16
      for (int v = 0; v < WIDTH; ++v) {
        const int column = (t * WIDTH + v) * kWidth;
        const Vector<float> sum = __builtin_convertvector(total[t][row][v], Vector<float>);
        store(out.row(row) + column, fma(sum, load(scales + column) * left.scales[row], load(start.row(row) + column)));
      }
}

// The rows as integers of -127 to 127 and what one stands for. A row of zeros, or of numbers that are not told from
// zero, is zeros; a row with NaN or infinity has a scale of NaN, which makes all of its results NaN.
RECURRA_INLINE float quantize(const float* row, std::int64_t depth, std::int8_t* to) {
  constexpr std::int32_t infinity = 0x7f800000;
  Integers largest{};
  for (std::int64_t k = 0; k < depth; k += kWidth) {
    const Integers bits = (Integers)load(row + k, depth - k) & 0x7fffffff;
    largest = bits > largest ? bits : largest;  // as integers, so that NaN is the largest
  }
  std::int32_t most = 0;
  for (int lane = 0; lane < kWidth; ++lane) most = largest[lane] > most ? largest[lane] : most;
  float magnitude;
  std::memcpy(&magnitude, &most, sizeof magnitude);
  const bool is_finite = most < infinity;
  if (!is_finite || magnitude < 1e-30f) {
    std::memset(to, 0, static_cast<std::size_t>(rounded_up(depth, 4)));
    return is_finite ? 0.0f : __builtin_nanf("");
  }
  const float inverse = 127.0f / magnitude;
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits
  typedef std::int8_t Bytes __attribute__((vector_size(kWidth)));
  for (std::int64_t k = 0; k < depth; k += kWidth) {
    const Vector<float> rounded = load(row + k, depth - k) * inverse + shift;
    const Bytes bytes = __builtin_convertvector((Integers)rounded - (Integers)broadcast(shift), Bytes);
    std::memcpy(to + k, &bytes, sizeof bytes);
  }
  return magnitude / 127.0f;
}

template <class WEIGHTS, int WIDTH, int... ROWS>
RECURRA_INLINE auto multiply_rows(std::int64_t rows, std::integer_sequence<int, ROWS...>) {
  using Multiply = void (*)(ConstNumbers, const char*, std::int64_t, std::int64_t, ConstNumbers, Numbers);
  static constexpr Multiply table[] = {multiply_tiles<WEIGHTS, WIDTH, ROWS + 1, 1>...};
  return table[rows - 1];
}

template <int WIDTH, int... ROWS>
RECURRA_INLINE auto multiply_rows_int8(std::int64_t rows, std::integer_sequence<int, ROWS...>) {
  using Multiply = void (*)(QuantizedRows, const char*, std::int64_t, std::int64_t, const float*, const std::int32_t*,
                            ConstNumbers, Numbers);
  static constexpr Multiply table[] = {multiply_tiles_int8<WIDTH, ROWS + 1, 1>...};
  return table[rows - 1];
}

// How many rows of a tile are computed at once, so that sums and factors stay in registers.
template <int WIDTH>
constexpr std::int64_t kTileRows = (kRegisters == 32 ? 24 : 12) / WIDTH < 6 ? (kRegisters == 32 ? 24 : 12) / WIDTH : 6;

// Call action(first row, how many) for blocks of at most `most` rows. A single row at the end would be slow: the last
// two blocks share.
template <class Action>
RECURRA_INLINE void for_row_blocks(std::int64_t rows, std::int64_t most, Action action) {
  for (std::int64_t row = 0; row < rows;) {
    const std::int64_t left_over = rows - row;
    const std::int64_t count = left_over == most + 1 ? (left_over + 1) / 2 : smaller(left_over, most);
    action(row, count);
    row += count;
  }
}

// As much depth of a tile as stays in the first cache while all rows pass by.
constexpr std::int64_t kPanelDepth = 16384 / (kStreamTile * kVectorBytes);

// One tile for all rows. A chain that is cut by depth goes on from its sums, so nothing changes by that. Bfloat16 is
// expanded first where many rows share it.
template <class WEIGHTS, int WIDTH>
void tile_product(std::int64_t rows, ConstNumbers left, const char* tile, std::int64_t depth, ConstNumbers start,
                  Numbers out) {
  constexpr std::int64_t most = kTileRows<WIDTH>;
  constexpr std::int64_t pitch = WEIGHTS::stored(WIDTH) * kVectorBytes;
  const auto for_rows = [&](auto multiply, const char* panel, std::int64_t begin, std::int64_t count) {
    const ConstNumbers from = begin == 0 ? start : ConstNumbers(out);
    for_row_blocks(rows, most, [&](std::int64_t row, std::int64_t together) {
      multiply(together)({left.row(row) + begin, left.pitch}, panel, 0, count, {from.row(row), from.pitch},
                         {out.row(row), out.pitch});
    });
  };
  constexpr auto sizes = std::make_integer_sequence<int, static_cast<int>(most)>{};
  const auto as_stored = [&](std::int64_t together) { return multiply_rows<WEIGHTS, WIDTH>(together, sizes); };
  if (rows <= most) return for_rows(as_stored, tile, 0, depth);
  for (std::int64_t begin = 0; begin < depth; begin += kPanelDepth) {
    const std::int64_t count = smaller(depth - begin, kPanelDepth);
    const char* const panel = tile + begin * pitch;
    if constexpr (std::is_same_v<WEIGHTS, FloatWeights>) {
      for_rows(as_stored, panel, begin, count);
    } else {
      alignas(kVectorBytes) float expanded[kPanelDepth * WIDTH * kWidth];
      for (std::int64_t k = 0; k < count; ++k)
        for (int v = 0; v < WIDTH; ++v)
          store(expanded + (k * WIDTH + v) * kWidth, WEIGHTS::load_weight(panel + k * pitch, v));
      for_rows([&](std::int64_t together) { return multiply_rows<FloatWeights, WIDTH>(together, sizes); },
               reinterpret_cast<const char*>(expanded), begin, count);
    }
  }
}

template <class WEIGHTS>
void float_product(const StreamMatrix& matrix, std::int64_t rows, ConstNumbers left, ConstNumbers start, Numbers out) {
  const std::int64_t full = matrix.vectors / kStreamTile;
  const std::int64_t stride = matrix.depth * WEIGHTS::stored(kStreamTile) * kVectorBytes;
  const char* const data = static_cast<const char*>(matrix.data);
  std::int64_t tile = 0;
  const auto from = [&](std::int64_t number) { return ConstNumbers{start.data + number * kStreamTile * kWidth, start.pitch}; };
  const auto to = [&](std::int64_t number) { return Numbers{out.data + number * kStreamTile * kWidth, out.pitch}; };
  if (rows == 1)  // two tiles at once, or the few sums would wait for each other
    for (; tile + 2 <= full; tile += 2)
      multiply_tiles<WEIGHTS, kStreamTile, 1, 2>(left, data + tile * stride, stride, matrix.depth, from(tile), to(tile));
  for (; tile < full; ++tile)
    tile_product<WEIGHTS, kStreamTile>(rows, left, data + tile * stride, matrix.depth, from(tile), to(tile));
  const char* const last = data + full * stride;
  switch (matrix.vectors % kStreamTile) {
    case 1: return tile_product<WEIGHTS, 1>(rows, left, last, matrix.depth, from(full), to(full));
    case 2: return tile_product<WEIGHTS, 2>(rows, left, last, matrix.depth, from(full), to(full));
    case 3: return tile_product<WEIGHTS, 3>(rows, left, last, matrix.depth, from(full), to(full));
    default: return;
  }
}

template <int WIDTH>
void tile_product_int8(std::int64_t rows, QuantizedRows left, const char* tile, std::int64_t groups,
                       const float* scales, const std::int32_t* corrections, ConstNumbers start, Numbers out) {
  constexpr std::int64_t most = kRegisters == 32 ? 4 : 2;
  for_row_blocks(rows, most, [&](std::int64_t row, std::int64_t count) {
    multiply_rows_int8<WIDTH>(count, std::make_integer_sequence<int, static_cast<int>(most)>{})(
        {left.data + row * left.pitch, left.pitch, left.scales + row}, tile, 0, groups, scales, corrections,
        {start.row(row), start.pitch}, {out.row(row), out.pitch});
  });
}

inline void int8_product(const StreamMatrix& matrix, std::int64_t rows, QuantizedRows left, ConstNumbers start,
                         Numbers out) {
  const std::int64_t full = matrix.vectors / kStreamTile;
  const std::int64_t groups = rounded_up(matrix.depth, 4) / 4;
  const std::int64_t stride = groups * kStreamTile * kVectorBytes;
  const char* const data = static_cast<const char*>(matrix.data);
  constexpr std::int64_t columns = kStreamTile * kWidth;
  const auto from = [&](std::int64_t number) { return ConstNumbers{start.data + number * columns, start.pitch}; };
  const auto to = [&](std::int64_t number) { return Numbers{out.data + number * columns, out.pitch}; };
  std::int64_t tile = 0;
  if (rows == 1)
    for (; tile + 2 <= full; tile += 2)
      multiply_tiles_int8<kStreamTile, 1, 2>(left, data + tile * stride, stride, groups, matrix.scales + tile * columns,
                                             matrix.corrections + tile * columns, from(tile), to(tile));
  for (; tile < full; ++tile)
    tile_product_int8<kStreamTile>(rows, left, data + tile * stride, groups, matrix.scales + tile * columns,
                                   matrix.corrections + tile * columns, from(tile), to(tile));
  const char* const last = data + full * stride;
  const float* const scales = matrix.scales + full * columns;
  const std::int32_t* const corrections = matrix.corrections + full * columns;
  switch (matrix.vectors % kStreamTile) {
    case 1: return tile_product_int8<1>(rows, left, last, groups, scales, corrections, from(full), to(full));
    case 2: return tile_product_int8<2>(rows, left, last, groups, scales, corrections, from(full), to(full));
    case 3: return tile_product_int8<3>(rows, left, last, groups, scales, corrections, from(full), to(full));
    default: return;
  }
}

// Where rows are quantised: room for `pitch` bytes and one scale each.
struct QuantizedScratch {
  std::int8_t* data;
  std::int64_t pitch;
  float* scales;
};

// out = start + left * matrix for every row; `out` may be `start`.
inline void stream_product(const StreamMatrix& matrix, std::int64_t rows, ConstNumbers left, ConstNumbers start,
                           Numbers out, QuantizedScratch scratch) {
  switch (matrix.weights) {
    case StreamWeights::kFloat32: return float_product<FloatWeights>(matrix, rows, left, start, out);
    case StreamWeights::kBfloat16: return float_product<BfloatWeights>(matrix, rows, left, start, out);
    case StreamWeights::kInt8:
      for (std::int64_t row = 0; row < rows; ++row)
        scratch.scales[row] = quantize(left.row(row), matrix.depth, scratch.data + row * scratch.pitch);
      return int8_product(matrix, rows, {scratch.data, scratch.pitch, scratch.scales}, start, out);
  }
}

}  // namespace recurra::RECURRA_ISA
