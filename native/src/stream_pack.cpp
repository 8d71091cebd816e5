#include "stream_pack.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace recurra {
namespace {

// The vectors of one tile, and where it lies.
struct Tile {
  std::int64_t first;  // vector
  std::int64_t width;
};

template <class Action>
void for_tiles(std::int64_t vectors, Action action) {
  for (std::int64_t first = 0; first < vectors; first += kStreamTile)
    action(Tile{first, std::min(kStreamTile, vectors - first)});
}

std::int64_t stored_width(StreamWeights weights, std::int64_t width) {
  return weights == StreamWeights::kBfloat16 ? (width + 1) / 2 : width;
}

// How often a tile is as wide as it is: once for every depth, or for every four.
std::int64_t stored_depth(StreamWeights weights, std::int64_t depth) {
  return weights == StreamWeights::kInt8 ? round_up(depth, 4) / 4 : depth;
}

void pack_float(const float* from, std::int64_t depth, std::int64_t pitch, float* to) {
  for (std::int64_t k = 0; k < depth; ++k) to[k * pitch] = from[k];
}

void pack_bfloat(const float* from, std::int64_t depth, std::int64_t pitch, bool upper, std::uint32_t* to) {
  for (std::int64_t k = 0; k < depth; ++k) {
    const std::uint32_t bits = nearest_bfloat16(from[k]);
    to[k * pitch] |= upper ? bits << 16 : bits;
  }
}

struct QuantizedColumn {
  float scale = 0;
  std::int32_t sum = 0;
};

QuantizedColumn pack_int8(const float* from, std::int64_t depth, std::int64_t pitch, std::int8_t* to) {
  QuantizedColumn column;
  float most = 0;
  for (std::int64_t k = 0; k < depth; ++k) most = std::max(most, std::fabs(from[k]));
  if (most < 1e-30f) return column;
  column.scale = most / 127;
  for (std::int64_t k = 0; k < depth; ++k) {
    const auto number = static_cast<std::int8_t>(std::clamp(std::nearbyint(from[k] * (127 / most)), -127.0f, 127.0f));
    to[k / 4 * pitch + k % 4] = number;
    column.sum += number;
  }
  return column;
}

}  // namespace

const float* StreamColumns::column(std::int64_t number, std::int64_t lanes) const {
  const std::int64_t padded = round_up(units, lanes);
  const std::int64_t unit = number % padded;
  if (unit >= units) return nullptr;
  return rows + (gates[static_cast<std::size_t>(number / padded)] * units + unit) * depth;
}

std::size_t packed_size(const StreamColumns& columns, StreamWeights weights, std::int64_t lanes) {
  std::int64_t stored = 0;
  for_tiles(columns.vectors(lanes), [&](Tile tile) { stored += stored_width(weights, tile.width); });
  return static_cast<std::size_t>(stored * stored_depth(weights, columns.depth) * lanes * 4);
}

void pack_columns(const StreamColumns& columns, StreamWeights weights, std::int64_t lanes, void* data, float* scales,
                  std::int32_t* corrections) {
  std::memset(data, 0, packed_size(columns, weights, lanes));
  const std::int64_t depth = stored_depth(weights, columns.depth);
  auto* to = static_cast<std::uint32_t*>(data);  // every lane takes four bytes, whatever it holds
  for_tiles(columns.vectors(lanes), [&](Tile tile) {
    const std::int64_t pitch = stored_width(weights, tile.width) * lanes;
    for (std::int64_t i = 0; i < tile.width * lanes; ++i) {
      const std::int64_t number = tile.first * lanes + i;
      const float* const from = columns.column(number, lanes);
      QuantizedColumn quantized;
      if (from != nullptr) switch (weights) {
          case StreamWeights::kFloat32:
            pack_float(from, columns.depth, pitch, reinterpret_cast<float*>(to + i));
            break;
          case StreamWeights::kBfloat16: {
            const std::int64_t vector = i / lanes;
            pack_bfloat(from, columns.depth, pitch, vector % 2 == 1, to + vector / 2 * lanes + i % lanes);
            break;
          }
          case StreamWeights::kInt8:
            quantized = pack_int8(from, columns.depth, pitch * 4, reinterpret_cast<std::int8_t*>(to + i));
            break;
        }
      if (weights != StreamWeights::kInt8) continue;
      scales[number] = quantized.scale;
      corrections[number] = -128 * quantized.sum;
    }
    to += depth * pitch;
  });
}

}  // namespace recurra
