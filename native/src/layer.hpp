// One call of a layer, forward or back: its products and its walk over time, for one or two directions.
#pragma once

#include "engine.hpp"

namespace recurra {

// What a layer is given and where its results go; what it has not is null. Tensors of both directions have an axis for
// them in front, but for those that say otherwise. Sizes as of `Recurrence`; F features.
//
// Padded tensors lie (batch, time, ...), or (time, batch, ...) with `time_major`. Rows of what is saved are positions,
// of which each direction has room for `saved_rows`.
template <class T>
struct Layer {
  std::int64_t cell = 0;
  std::int64_t nonlinearity = kTanh;
  std::int64_t directions = 1;
  std::int64_t reverse = 0;  // whether the first direction is the reverse one; the second always is
  std::int64_t batch = 0;
  std::int64_t steps = 0;
  std::int64_t features = 0;
  std::int64_t hidden = 0;
  std::int64_t outputs_size = 0;
  std::int64_t time_major = 0;
  std::int64_t saved_rows = 0;
  std::int64_t fills = 0;  // whether scratch memory is filled with numbers that are none, so that nobody reads it
  double epsilon = 0;
  double rate_hidden = 0;
  double rate_cell = 0;

  const std::int64_t* lengths = nullptr;
  const std::uint8_t* resets = nullptr;
  const T* input = nullptr;      // padded, F; without an axis for directions
  const T* weight_ih = nullptr;  // (G H, F)
  const T* weight_hh = nullptr;
  const T* bias_ih = nullptr;  // (G H)
  const T* bias_hh = nullptr;
  const T* projection = nullptr;
  const T* peepholes = nullptr;
  const T* gain_ih = nullptr;  // layer norm: (4 H)
  const T* gain_hh = nullptr;
  const T* gain_cell = nullptr;
  const T* bias_cell = nullptr;
  const T* hidden_first = nullptr;
  const T* cell_first = nullptr;
  const T* mask = nullptr;
  const std::uint8_t* kept_hidden = nullptr;
  const std::uint8_t* kept_cell = nullptr;

  T* outputs = nullptr;  // padded, the directions' P side by side
  T* hidden_last = nullptr;
  T* cell_last = nullptr;
  T* gates = nullptr;     // saved_rows, G H
  T* cells = nullptr;     // saved_rows, H
  T* extra = nullptr;     // saved_rows, as wide as the cell says
  T* products = nullptr;  // layer norm: saved_rows, 4 H: W x
  T* moments = nullptr;   // layer norm: 2, directions, saved_rows: mean and scale of W x

  const T* grad_outputs = nullptr;  // as outputs
  const T* grad_hidden_last = nullptr;
  const T* grad_cell_last = nullptr;
  T* grad_input = nullptr;  // as input
  T* grad_weight_ih = nullptr;
  T* grad_weight_hh = nullptr;
  T* grad_bias_ih = nullptr;
  T* grad_bias_hh = nullptr;  // of a GRU that resets after the product; elsewhere it is that of bias_ih
  T* grad_projection = nullptr;
  T* grad_peepholes = nullptr;
  T* grad_gain_ih = nullptr;
  T* grad_gain_hh = nullptr;
  T* grad_gain_cell = nullptr;
  T* grad_bias_cell = nullptr;
  T* grad_hidden_first = nullptr;
  T* grad_cell_first = nullptr;
};

// Return false if somebody stopped it, whereupon the results are worth nothing. Throw std::invalid_argument where a
// length is out of range, std::bad_alloc, and std::system_error when threads cannot be started.
template <class T>
bool run_forward(const Layer<T>& layer, int threads, bool (*interrupted)());
template <class T>
bool run_backward(const Layer<T>& layer, int threads, bool (*interrupted)());

}  // namespace recurra
