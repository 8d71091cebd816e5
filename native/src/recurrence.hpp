// What a recurrence over whole sequences is given, whatever the instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "matmul.hpp"
#include "row_norm.hpp"

namespace recurra {

// Rows of numbers in memory, `pitch` numbers apart.
template <class T>
struct Rows {
  T* data = nullptr;
  std::int64_t pitch = 0;

  T* at(std::int64_t row) const { return data + row * pitch; }
  explicit operator bool() const { return data != nullptr; }
};

// Where the steps of every sequence lie.
//
// Rows are numbered from the longest to the shortest, so that the rows that have a step t are the first ones.
// Buffers of the engine's own hold valid steps alone: row r at step t is at position start[t] + r.
// Padded tensors keep the caller's order: row r at step t is at order[r] * padded_row + t * padded_step.
struct Sequence {
  std::int64_t batch = 0;
  std::int64_t steps = 0;
  const std::int64_t* rows = nullptr;     // (steps): how many rows have this step
  const std::int64_t* start = nullptr;    // (steps)
  const std::int64_t* order = nullptr;    // (batch): the caller's number of each row
  const std::int64_t* lengths = nullptr;  // (batch): in our order
  std::int64_t padded_row = 0;
  std::int64_t padded_step = 0;
  const std::uint8_t* resets = nullptr;  // (batch, steps) in the caller's order, or null

  std::int64_t position(std::int64_t row, std::int64_t step) const { return start[step] + row; }
  std::int64_t padded(std::int64_t row, std::int64_t step) const {
    return order[row] * padded_row + step * padded_step;
  }
  std::int64_t mark(std::int64_t row, std::int64_t step) const { return order[row] * steps + step; }
  bool is_reset(std::int64_t row, std::int64_t step) const { return resets != nullptr && resets[mark(row, step)]; }
};

// How much of the old state a unit keeps: 1 where the mask (batch, steps, units) is set; everywhere the rate if
// there is no mask.
struct Zoneout {
  const std::uint8_t* mask = nullptr;
  double rate = 0;

  explicit operator bool() const { return mask != nullptr || rate != 0; }
};

enum Nonlinearity : std::int64_t { kTanh, kRelu, kLinear };

// One direction of one layer. A pass uses the fields that its cell has; the others are null.
//
// Sizes: H hidden units, P outputs (P = H without a projection), G gates. "positions" and "padded" as in Sequence.
template <class T>
struct Recurrence {
  Sequence sequence;
  bool reverse = false;
  std::int64_t nonlinearity = kTanh;  // Elman
  std::int64_t hidden = 0;    // H
  std::int64_t outputs_size = 0;  // P

  const T* weight_hh = nullptr;       // (G H, P)
  const T* bias_candidate = nullptr;  // GRU with the reset after the product: (H)
  const T* peepholes = nullptr;       // LSTM: (3 H): input, forget, output gate
  const T* projection = nullptr;      // LSTM: (P, H)
  const T* gain_hh = nullptr;         // layer norm: (4 H)
  const T* gain_cell = nullptr;       // (H)
  const T* bias_cell = nullptr;       // (H)
  double epsilon = 0;

  const T* hidden_first = nullptr;  // (batch, P) in the caller's order
  const T* cell_first = nullptr;    // (batch, H)
  const T* mask = nullptr;          // (batch, P): multiplies the hidden state where it enters the product
  Zoneout zoneout_hidden;
  Zoneout zoneout_cell;

  Rows<T> gates;       // positions, G H: what the inputs add; after a forward pass the activated gates
  Rows<T> outputs;     // padded, P
  Rows<T> cells;       // positions, H
  Rows<T> extra;       // positions: GRU after: U_n h + b (H); GRU before: r h (H); projection: o tanh(c) (H);
                       // layer norm: normalised product (4 H), its scale, the cell's mean and scale (3)
  T* hidden_last = nullptr;  // (batch, P) in the caller's order
  T* cell_last = nullptr;    // (batch, H)

  Rows<const T> grad_outputs;  // padded, P; null: none
  const T* grad_hidden_last = nullptr;
  const T* grad_cell_last = nullptr;
  Rows<T> grad_gates;     // positions, G H; for the GRU with the reset after also r dn behind them: 4 H
  Rows<T> grad_products;  // layer norm: positions, 4 H: gradient of U h; projection: positions, P: gradient of h
  T* grad_hidden_first = nullptr;
  T* grad_cell_first = nullptr;
  T* grad_peepholes = nullptr;  // (3 H), added up over rows and steps
  T* grad_gains = nullptr;      // (4 H + H + H): gain_hh, gain_cell, bias_cell
};

// Stops the threads of a call at the next step, and lets those that share columns wait for each other.
class Barrier;

// What one thread does: some rows, and some of the columns of each.
struct Slice {
  std::int64_t row_begin = 0;
  std::int64_t row_end = 0;
  std::int64_t part = 0;
  std::int64_t parts = 1;
  std::int64_t number = 0;  // of the slice in its direction, for sums of its own
  std::int64_t slices = 1;
  Barrier* barrier = nullptr;
};

// One pass of one cell. An object of `size` bytes is made in memory that all slices share; `prepare` packs the weights
// and fills the state, each slice its share; after all of them `run` walks over time; after all of these `finish`
// adds up what the slices summed.
template <class T>
struct Pass {
  std::size_t (*size)(const Recurrence<T>&, std::int64_t slices);
  void (*make)(const Recurrence<T>&, void* memory, std::int64_t slices);
  void (*prepare)(void* memory, const Slice&);
  void (*run)(void* memory, const Slice&);
  void (*finish)(void* memory, std::int64_t slices);
};

enum Cell { kElman, kLstm, kGru, kGruResetBefore, kLayerNormLstm, kCells };

template <class T>
struct Passes {
  Pass<T> forward[kCells];
  Pass<T> backward[kCells];
  std::int64_t column_unit;  // columns are split in multiples of this
  std::int64_t row_unit;     // rows that one product takes at once
};

struct StreamKernels;

// Everything that is compiled once per instruction set.
struct Kernels {
  const char* name;
  Passes<float> of_float;
  Passes<double> of_double;
  MatmulKernel<float> matmul_of_float;
  MatmulKernel<double> matmul_of_double;
  RowNormKernel<float> row_norm_of_float;
  RowNormKernel<double> row_norm_of_double;
  std::int64_t (*multiply_and_add)(std::int64_t rounds);  // of peak.hpp
  const StreamKernels* stream;
};

}  // namespace recurra
