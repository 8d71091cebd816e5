// One step of each recurrent cell, given the sums of its products: the equations of gate.hpp over one row.
#pragma once

#include "stream_pointwise.hpp"

namespace recurra::RECURRA_ISA {

constexpr std::int64_t padded(std::int64_t size) { return rounded_up(size, kLanes<float>); }

// The value after zoneout, in expectation.
RECURRA_INLINE Row zoned(float rate, Row old, Row fresh) {
  return rate == 0 ? fresh : mixed<float>(broadcast(rate), old, fresh);
}

// Put a new hidden state out and keep it.
RECURRA_INLINE void keep_hidden(const StreamOperation& operation, float* state, float* output, std::int64_t j, Row fresh) {
  float* const hidden = state + operation.hidden_at + j;
  const Row value = zoned(operation.zoneout_hidden, load(hidden), fresh);
  store(hidden, value);
  store(output + j, value);
}

// φ is tanh, ReLU, or nothing.
inline void elman_step(const StreamOperation& operation, const float* sums, float* state, float* output) {
  const StreamFunction function = operation.function;
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>) {
    const Row sum = load(sums + j);
    const bool is_tanh = function == StreamFunction::kTanh, is_relu = function == StreamFunction::kRelu;
    const Row hidden = is_tanh ? tanh<float>(sum) : is_relu ? relu<float>(sum) : sum;
    keep_hidden(operation, state, output, j, hidden);
  }
}

// Sums of i, f, g, o. `shown`, o tanh(c'), is the hidden state, unless a projection follows.
inline void lstm_step(const StreamOperation& operation, const float* sums, float* state, float* output, float* shown) {
  const std::int64_t size = padded(operation.hidden);
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>) {
    float* const cell = state + operation.cell_at + j;
    const Row old = load(cell);
    Row input_sum = load(sums + j);
    Row forget_sum = load(sums + size + j);
    Row output_sum = load(sums + 3 * size + j);
    if (operation.peepholes != nullptr) {
      input_sum = fma(load(operation.peepholes + j), old, input_sum);
      forget_sum = fma(load(operation.peepholes + size + j), old, forget_sum);
    }
    const Row candidate = tanh<float>(load(sums + 2 * size + j));
    const LstmGates<float> gates{sigmoid<float>(input_sum), sigmoid<float>(forget_sum), candidate, {}};
    const Row fresh = lstm_cell(gates, old);
    if (operation.peepholes != nullptr) output_sum = fma(load(operation.peepholes + 2 * size + j), fresh, output_sum);
    store(cell, zoned(operation.zoneout_cell, old, fresh));
    const Row hidden = sigmoid<float>(output_sum) * tanh<float>(fresh);
    if (shown == nullptr)
      keep_hidden(operation, state, output, j, hidden);
    else
      store(shown + j, hidden);
  }
}

// Sums of W_n x + b_n, r, z, U_n h + d_n.
inline void gru_step(const StreamOperation& operation, const float* sums, float* state, float* output) {
  const std::int64_t size = padded(operation.hidden);
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>) {
    const Row reset_gate = sigmoid<float>(load(sums + size + j));
    const Row update_gate = sigmoid<float>(load(sums + 2 * size + j));
    const Row candidate = tanh<float>(fma(reset_gate, load(sums + 3 * size + j), load(sums + j)));
    const Row old = load(state + operation.hidden_at + j);
    keep_hidden(operation, state, output, j, gru_hidden<float>(update_gate, candidate, old));
  }
}

// Sums of r and z, to r h, which enters the candidate's product.
inline void gru_reset(const StreamOperation& operation, const float* sums, const float* state, float* gated) {
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>)
    store(gated + j, sigmoid<float>(load(sums + j)) * load(state + operation.hidden_at + j));
}

// Sums of r, z and the whole candidate.
inline void gru_reset_before_step(const StreamOperation& operation, const float* sums, float* state, float* output) {
  const std::int64_t size = padded(operation.hidden);
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>) {
    const Row update_gate = sigmoid<float>(load(sums + size + j));
    const Row candidate = tanh<float>(load(sums + 2 * size + j));
    const Row old = load(state + operation.hidden_at + j);
    keep_hidden(operation, state, output, j, gru_hidden<float>(update_gate, candidate, old));
  }
}

// LN(W x) + b, in place.
inline void normalize_input(const StreamOperation& operation, float* sums) {
  const std::int64_t size = padded(operation.hidden);
  const RowMoments moments = row_moments(sums, 4, operation.hidden, size, operation.epsilon);
  for (std::int64_t j = 0; j < 4 * size; j += kLanes<float>)
    store(sums + j, fma(load(operation.gain + j), moments.normal(load(sums + j)), load(operation.bias + j)));
}

// `sums`: LN(W x) + b; `products`: U h. Both are overwritten.
inline void layer_norm_lstm_step(const StreamOperation& operation, float* sums, float* products, float* state,
                                 float* output) {
  const std::int64_t size = padded(operation.hidden);
  const RowMoments moments = row_moments(products, 4, operation.hidden, size, operation.epsilon);
  float* const fresh_cell = products;
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>) {
    Row gate[4];
    for (int number = 0; number < 4; ++number) {
      const std::int64_t at = number * size + j;
      gate[number] = fma(load(operation.gain_hh + at), moments.normal(load(products + at)), load(sums + at));
    }
    float* const cell = state + operation.cell_at + j;
    const Row old = load(cell);
    const LstmGates<float> gates{sigmoid<float>(gate[0]), sigmoid<float>(gate[1]), tanh<float>(gate[2]), {}};
    const Row fresh = lstm_cell(gates, old);
    store(cell, zoned(operation.zoneout_cell, old, fresh));
    store(sums + j, sigmoid<float>(gate[3]));
    store(fresh_cell + j, fresh);
  }
  const RowMoments of_cell = row_moments(fresh_cell, 1, operation.hidden, 0, operation.epsilon);
  for (std::int64_t j = 0; j < operation.hidden; j += kLanes<float>) {
    const Row normal = of_cell.normal(load(fresh_cell + j));
    const Row shown = tanh<float>(fma(load(operation.gain_cell + j), normal, load(operation.bias_cell + j)));
    keep_hidden(operation, state, output, j, load(sums + j) * shown);
  }
}

// A float tells whole numbers apart up to here: later steps count in the mean as the last one told apart.
constexpr float kMostSteps = 16777216.0f;

// The largest, or the mean, of this step and of all before it since the state was zero. NaN stays.
inline void running_step(const StreamOperation& operation, float* state, float* row) {
  float* const kept = state + operation.hidden_at;
  float& count = state[operation.cell_at];
  if (count < kMostSteps) count += 1.0f;
  for (std::int64_t j = 0; j < operation.outputs; j += kLanes<float>) {
    const Row x = load(row + j);
    const Row old = count == 1.0f ? x : load(kept + j);
    const Row fresh = operation.variant ? old + (x - old) / count : ((x > old) | (x != x) ? x : old);
    store(kept + j, fresh);
    store(row + j, fresh);
  }
}

}  // namespace recurra::RECURRA_ISA
