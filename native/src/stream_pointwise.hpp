// What layers do to the numbers of one row without a product: activations, softmax, normalisation, scaling.
//
// Sums over a row add lane by lane over ascending vectors, then the lanes in their order: the same for every row.
#pragma once

#include "gate.hpp"
#include "stream.hpp"

namespace recurra::RECURRA_ISA {

using Row = Vector<float>;

RECURRA_INLINE Row positive_part(Row x) { return relu<float>(x); }

// exp of any number: 2^n in two factors, since 2^128 is none.
RECURRA_INLINE Row exp_of_any(Row x) {
  using C = ExpConstants<float>;
  const Row highest = broadcast(89.0f);  // exp is infinite from there
  const Row lowest = broadcast(C::lowest);
  x = x > highest ? highest : x;
  x = x < lowest ? lowest : x;
  const Row shifted = fma(x, broadcast(C::log2e), broadcast(C::shift));
  const Row n = shifted - C::shift;
  const Row r = fma(n, broadcast(-C::ln2_low), fma(n, broadcast(-C::ln2_high), x));
  const Bits<float> exponent = (Bits<float>)shifted - (Bits<float>)broadcast(C::shift);
  const Bits<float> half = exponent >> 1;
  const Row first = (Row)((half + C::bias) << C::mantissa);
  const Row second = (Row)((exponent - half + C::bias) << C::mantissa);
  return fma(fma(expm1_tail(r), r * r, r), first, first) * second;
}

// exp(x) - 1 for x <= 0.
RECURRA_INLINE Row expm1_of_negative(Row x) {
  const Reduced<float> part = reduced<float>(x);
  return fma(part.power, part.rest, part.power - 1.0f);
}

// log(1 + exp(x)): the logarithm is taken lane by lane.
RECURRA_INLINE Row softplus(Row x) {
  const Row small = exp_of_negative<float>(-magnitude<float>(x));
  Row logarithm{};
  for (int lane = 0; lane < kLanes<float>; ++lane) logarithm[lane] = __builtin_log1pf(small[lane]);
  return positive_part(x) + logarithm;
}

// x Φ(x), Φ the normal distribution function, lane by lane.
RECURRA_INLINE Row gelu(Row x) {
  const Row scaled = x * 0.70710678118654752f;
  Row error{};
  for (int lane = 0; lane < kLanes<float>; ++lane) error[lane] = __builtin_erff(scaled[lane]);
  return x * 0.5f * (1.0f + error);
}

template <class Function>
RECURRA_INLINE void for_vectors(const float* from, float* to, std::int64_t size, Function function) {
  for (std::int64_t j = 0; j < size; j += kLanes<float>) store(to + j, function(load(from + j)));
}

inline void activate(const StreamOperation& operation, const float* from, float* to) {
  const std::int64_t size = operation.outputs;
  switch (operation.function) {
    case StreamFunction::kTanh: return for_vectors(from, to, size, [](Row x) { return tanh<float>(x); });
    case StreamFunction::kRelu: return for_vectors(from, to, size, [](Row x) { return relu<float>(x); });
    case StreamFunction::kLeakyRelu:
      return for_vectors(from, to, size, [&](Row x) { return x < 0.0f ? x * operation.slope : x; });
    case StreamFunction::kElu:
      return for_vectors(from, to, size, [](Row x) { return x < 0.0f ? expm1_of_negative(x) : x; });
    case StreamFunction::kSigmoid: return for_vectors(from, to, size, [](Row x) { return sigmoid<float>(x); });
    case StreamFunction::kSilu: return for_vectors(from, to, size, [](Row x) { return x * sigmoid<float>(x); });
    case StreamFunction::kGelu: return for_vectors(from, to, size, [](Row x) { return gelu(x); });
    case StreamFunction::kSoftplus: return for_vectors(from, to, size, [](Row x) { return softplus(x); });
    case StreamFunction::kExp: return for_vectors(from, to, size, [](Row x) { return exp_of_any(x); });
    case StreamFunction::kLinear: return for_vectors(from, to, size, [](Row x) { return x; });
  }
}

// The vector with `other` in the lanes from `count` on.
RECURRA_INLINE Row without_padding(Row value, std::int64_t count, float other) {
  if (count >= kLanes<float>) return value;
  for (int lane = 0; lane < kLanes<float>; ++lane)
    if (lane >= count) value[lane] = other;
  return value;
}

inline void softmax(const StreamOperation& operation, const float* from, float* to) {
  const std::int64_t size = operation.outputs;
  const float lowest = -__builtin_inff();
  Row most = broadcast(lowest);
  for (std::int64_t j = 0; j < size; j += kLanes<float>) {
    const Row value = without_padding(load(from + j), size - j, lowest);
    most = value > most ? value : most;
  }
  float largest = lowest;
  for (int lane = 0; lane < kLanes<float>; ++lane) largest = most[lane] > largest ? most[lane] : largest;
  Row total{};
  for (std::int64_t j = 0; j < size; j += kLanes<float>) {
    const Row power = exp_of_negative<float>(load(from + j) - largest);
    total += without_padding(power, size - j, 0.0f);
    if (!operation.variant) store(to + j, power);
  }
  const float sum_of_powers = sum<float>(total);
  if (operation.variant) {
    const float logarithm = __builtin_logf(sum_of_powers);
    return for_vectors(from, to, size, [&](Row x) { return x - largest - logarithm; });
  }
  for_vectors(to, to, size, [&](Row x) { return x / sum_of_powers; });
}

struct RowMoments {
  float mean;
  float scale;  // 1 / sqrt(variance + epsilon)

  RECURRA_INLINE Row normal(Row value) const { return (value - mean) * scale; }
};

// Of `parts` pieces of `size` numbers each, `pitch` apart, together.
inline RowMoments row_moments(const float* values, std::int64_t parts, std::int64_t size, std::int64_t pitch,
                              float epsilon) {
  const float count = static_cast<float>(parts * size);
  Row total{};
  for (std::int64_t part = 0; part < parts; ++part)
    for (std::int64_t j = 0; j < size; j += kLanes<float>)
      total += without_padding(load(values + part * pitch + j), size - j, 0.0f);
  const float mean = sum<float>(total) / count;
  Row squares{};
  for (std::int64_t part = 0; part < parts; ++part)
    for (std::int64_t j = 0; j < size; j += kLanes<float>) {
      const Row centred = without_padding(load(values + part * pitch + j), size - j, mean) - mean;
      squares = fma(centred, centred, squares);
    }
  return {mean, 1.0f / __builtin_sqrtf(sum<float>(squares) / count + epsilon)};
}

inline void layer_norm(const StreamOperation& operation, const float* from, float* to) {
  const RowMoments moments = row_moments(from, 1, operation.outputs, 0, operation.epsilon);
  for (std::int64_t j = 0; j < operation.outputs; j += kLanes<float>)
    store(to + j, fma(moments.normal(load(from + j)), load(operation.gain + j), load(operation.bias + j)));
}

// (x - bias) / gain, and back.
inline void scaling(const StreamOperation& operation, const float* from, float* to) {
  for (std::int64_t j = 0; j < operation.outputs; j += kLanes<float>) {
    const Row x = load(from + j);
    const Row gain = load(operation.gain + j);
    const Row bias = load(operation.bias + j);
    store(to + j, operation.variant ? fma(x, gain, bias) : (x - bias) / gain);
  }
}

}  // namespace recurra::RECURRA_ISA
