// Packing the matrices of a stream program, as StreamMatrix says, for vectors of any width.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "stream.hpp"

namespace recurra {

constexpr std::int64_t round_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

// The largest size of a layer. An integer sum of int8 products over this depth stays below 2^31.
constexpr std::int64_t kLargestStreamSize = std::int64_t{1} << 16;
static_assert(kLargestStreamSize * 127 * 127 < (std::int64_t{1} << 31));

// The nearest bfloat16, ties to even: the upper half of a float.
inline std::uint16_t nearest_bfloat16(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Columns of a matrix that lies in memory as torch keeps it: rows of weights (gates * units, depth).
struct StreamColumns {
  const float* rows = nullptr;
  std::int64_t depth = 0;
  std::int64_t units = 0;
  std::vector<std::int64_t> gates;  // in the order in which they are packed, each padded to whole vectors

  std::int64_t vectors(std::int64_t lanes) const {
    return static_cast<std::int64_t>(gates.size()) * (round_up(units, lanes) / lanes);
  }

  // The weights of a packed column, or null where it is padding.
  const float* column(std::int64_t number, std::int64_t lanes) const;
};

// Bytes that the matrix takes.
std::size_t packed_size(const StreamColumns& columns, StreamWeights weights, std::int64_t lanes);

// Pack into `data`; `scales` and `corrections` are of every column and used for int8 alone.
void pack_columns(const StreamColumns& columns, StreamWeights weights, std::int64_t lanes, void* data, float* scales,
                  std::int32_t* corrections);

}  // namespace recurra
