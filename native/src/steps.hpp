// Walking over time: which rows take part in a step, what enters it, and what goes back through it.
#pragma once

#include "barrier.hpp"
#include "product.hpp"
#include "recurrence.hpp"

namespace recurra::RECURRA_ISA {

// Scratch memory, handed out piece by piece. Without a base it only counts.
class Arena {
 public:
  explicit Arena(void* base) : base_(static_cast<char*>(base)) {}

  template <class T>
  T* take(std::int64_t count) {
    used_ = (used_ + 63) / 64 * 64;
    T* const piece = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += static_cast<std::size_t>(count) * sizeof(T);
    return piece;
  }

  std::size_t used() const { return used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

// Columns are split over threads in pairs of vectors: the width of a plain product's panel.
template <class T>
constexpr std::int64_t kUnit = 2 * kLanes<T>;

struct Range {
  std::int64_t begin;
  std::int64_t end;
};

constexpr Range share(std::int64_t total, std::int64_t part, std::int64_t parts) {
  return {total * part / parts, total * (part + 1) / parts};
}

template <class T>
constexpr Range columns_of(std::int64_t total, const Slice& slice) {
  const Range units = share(rounded_up(total, kUnit<T>) / kUnit<T>, slice.part, slice.parts);
  return {units.begin * kUnit<T>, smaller(units.end * kUnit<T>, total)};
}

// The panels of VECTORS / GROUPS gates of GROUPS vectors of units each that hold a range of columns.
template <class T>
constexpr Range panels_of(Range columns, std::int64_t width) {
  return {columns.begin / width, (columns.end + width - 1) / width};
}

// A matrix (columns, depth) in rows, as a plain product takes it: two vectors of columns a panel.
template <class T>
class PlainMatrix {
 public:
  PlainMatrix() = default;
  PlainMatrix(Arena& arena, std::int64_t columns, std::int64_t depth) : columns_(columns) {
    packed.depth = depth;
    packed.panels = rounded_up(columns, kUnit<T>) / kUnit<T>;
    packed.data = arena.take<T>(static_cast<std::int64_t>(packed.size()));
  }

  // The number at (depth k, column c) is matrix[k * depth_stride + c * column_stride].
  void fill(const T* matrix, std::int64_t depth_stride, std::int64_t column_stride, const Slice& slice) {
    const Range mine = share(packed.panels, slice.number, slice.slices);
    const auto column = [](std::int64_t panel, int vector) { return panel * kUnit<T> + vector * kLanes<T>; };
    pack(packed, mine.begin, mine.end, matrix, depth_stride, column_stride, column,
         [&](std::int64_t panel, int vector) { return columns_ - column(panel, vector); });
  }

  // sums(row, column, vector of sums) for every row of a range and every vector of a range of columns.
  template <class Done>
  void multiply(Range rows, Range columns, const T* left, std::int64_t left_pitch, Done done) const {
    const Range panels = panels_of<T>(columns, kUnit<T>);
    product(
        rows.begin, rows.end, panels.begin, panels.end, left, left_pitch, packed,
        [](std::int64_t, std::int64_t, T* sums) {
          store(sums, Vector<T>{});
          store(sums + kLanes<T>, Vector<T>{});
        },
        [&](std::int64_t row, std::int64_t panel, const T* sums) {
          for (int v = 0; v < 2; ++v) {
            const std::int64_t column = panel * kUnit<T> + v * kLanes<T>;
            if (column < columns_) done(row, column, load(sums + v * kLanes<T>));
          }
        });
  }

  Packed<T, 2> packed;

 private:
  std::int64_t columns_ = 0;
};

// The weights (gates * units, depth) of several gates: a panel holds the same vector of units of every gate.
template <class T, int GATES>
class GateMatrix {
 public:
  GateMatrix() = default;
  GateMatrix(Arena& arena, std::int64_t units, std::int64_t depth) : units_(units) {
    packed.depth = depth;
    packed.panels = rounded_up(units, kLanes<T>) / kLanes<T>;
    packed.data = arena.take<T>(static_cast<std::int64_t>(packed.size()));
  }

  void fill(const T* matrix, const Slice& slice) {
    const Range mine = share(packed.panels, slice.number, slice.slices);
    pack(
        packed, mine.begin, mine.end, matrix, 1, packed.depth,
        [&](std::int64_t panel, int gate) { return gate * units_ + panel * kLanes<T>; },
        [&](std::int64_t panel, int) { return units_ - panel * kLanes<T>; });
  }

  // init(row, column, sums) and done(row, column, sums), sums[gate * lanes].
  template <class Init, class Done>
  void multiply(Range rows, Range columns, const T* left, std::int64_t left_pitch, Init init, Done done) const {
    const Range panels = panels_of<T>(columns, kLanes<T>);
    product(
        rows.begin, rows.end, panels.begin, panels.end, left, left_pitch, packed,
        [&](std::int64_t row, std::int64_t panel, T* sums) { init(row, panel * kLanes<T>, sums); },
        [&](std::int64_t row, std::int64_t panel, const T* sums) { done(row, panel * kLanes<T>, sums); });
  }

  Packed<T, GATES> packed;

 private:
  std::int64_t units_ = 0;
};

// The steps of one direction as one slice sees them.
class Steps {
 public:
  Steps(const Sequence& sequence, bool reverse, const Slice& slice)
      : sequence_(sequence), reverse_(reverse), slice_(slice) {}

  // body(step, rows that have it), in the order of the recurrence or against it, until somebody stops the call.
  template <class Body>
  void walk(bool backward, Body body) const {
    const bool descending = reverse_ != backward;
    for (std::int64_t s = 0; s < sequence_.steps; ++s) {
      if (slice_.barrier->stopped()) return;
      const std::int64_t step = descending ? sequence_.steps - 1 - s : s;
      const Range rows{slice_.row_begin, smaller(sequence_.rows[step], slice_.row_end)};
      if (rows.begin < rows.end) body(step, rows);
    }
  }

  bool is_first(std::int64_t row, std::int64_t step) const {
    return reverse_ ? step == sequence_.lengths[row] - 1 : step == 0;
  }
  bool is_last(std::int64_t row, std::int64_t step) const {
    return reverse_ ? step == 0 : step == sequence_.lengths[row] - 1;
  }
  std::int64_t before(std::int64_t step) const { return reverse_ ? step + 1 : step - 1; }
  std::int64_t after(std::int64_t step) const { return reverse_ ? step - 1 : step + 1; }
  std::int64_t first(std::int64_t row) const { return reverse_ ? sequence_.lengths[row] - 1 : 0; }
  std::int64_t last(std::int64_t row) const { return reverse_ ? 0 : sequence_.lengths[row] - 1; }

 private:
  const Sequence& sequence_;
  bool reverse_;
  const Slice& slice_;
};

template <class T>
using Bytes __attribute__((vector_size(kLanes<T>))) = std::int8_t;

template <class T>
RECURRA_INLINE Vector<T> where(Bits<T> condition, Vector<T> yes, Vector<T> no) {
  return condition ? yes : no;
}

// All bits set in the lanes of units that keep their value.
template <class T>
RECURRA_INLINE Bits<T> kept(const std::uint8_t* mask, std::int64_t count) {
  std::int8_t wide[kLanes<T>] = {};
  std::memcpy(wide, mask, static_cast<std::size_t>(smaller(count, kLanes<T>)));
  Bytes<T> bytes;
  std::memcpy(&bytes, wide, sizeof bytes);
  return -__builtin_convertvector(bytes, Bits<T>);
}

// The new value after zoneout; `at` is the place of the first unit in the mask.
template <class T>
RECURRA_INLINE Vector<T> zoned_out(const Zoneout& zoneout, std::int64_t at, std::int64_t count, Vector<T> old,
                                   Vector<T> fresh) {
  if (!zoneout) return fresh;
  if (zoneout.mask != nullptr) return where<T>(kept<T>(zoneout.mask + at, count), old, fresh);
  return fma(broadcast(static_cast<T>(zoneout.rate)), old - fresh, fresh);
}

// How much of the gradient goes past the step.
template <class T>
RECURRA_INLINE Vector<T> kept_share(const Zoneout& zoneout, std::int64_t at, std::int64_t count) {
  if (zoneout.mask != nullptr) return where<T>(kept<T>(zoneout.mask + at, count), broadcast(T(1)), Vector<T>{});
  return broadcast(static_cast<T>(zoneout.rate));
}

// The hidden state: as the next step's product takes it (mask and reset applied) and, for cells that carry it on,
// as it is. There are two copies of the former, since other threads still read one while the next is written.
template <class T>
class HiddenState {
 public:
  HiddenState() = default;
  HiddenState(const Recurrence<T>& recurrence, Arena& arena)
      : recurrence_(&recurrence), pitch(rounded_up(recurrence.outputs_size, kUnit<T>)) {
    for (T*& copy : entering_) copy = arena.take<T>(recurrence.sequence.batch * pitch);
    hidden_ = arena.take<T>(recurrence.sequence.batch * pitch);
  }

  // Start the slice's rows; one part of a row's columns does it for all.
  void start(const Slice& slice) {
    if (slice.part != 0) return;
    const Sequence& sequence = recurrence_->sequence;
    const std::int64_t size = recurrence_->outputs_size;
    const Steps steps(sequence, recurrence_->reverse, slice);
    for (std::int64_t row = slice.row_begin; row < slice.row_end; ++row) {
      const std::int64_t number = sequence.order[row];
      const bool is_reset = sequence.lengths[row] > 0 && sequence.is_reset(row, steps.first(row));
      for (std::int64_t j = 0; j < pitch; ++j) {
        const bool here = j < size && !is_reset;
        const T value = here ? recurrence_->hidden_first[number * size + j] : T(0);
        const T factor = recurrence_->mask != nullptr && here ? recurrence_->mask[number * size + j] : T(1);
        hidden_[row * pitch + j] = value;
        entering_[0][row * pitch + j] = entering_[1][row * pitch + j] = value * factor;
      }
    }
  }

  // What a row brings into this step; a step leaves the other copy for the next.
  const T* entering(std::int64_t step) const { return entering_[step & 1]; }

  Vector<T> hidden(std::int64_t row, std::int64_t column) const { return load(hidden_ + row * pitch + column); }

  // The row's hidden state after a step: put out, kept, and made ready for the next step.
  void put(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t column, Vector<T> value) {
    const Sequence& sequence = recurrence_->sequence;
    const std::int64_t size = recurrence_->outputs_size;
    const std::int64_t count = size - column;
    store(recurrence_->outputs.at(sequence.padded(row, step)) + column, value, count);
    if (!steps.is_last(row, step) && sequence.is_reset(row, steps.after(step))) value = Vector<T>{};
    store(hidden_ + row * pitch + column, value);
    if (recurrence_->mask != nullptr)
      value *= load(recurrence_->mask + sequence.order[row] * size + column, count);
    store(entering_[(step & 1) ^ 1] + row * pitch + column, value);
  }

  // The rows' last hidden state, from the outputs.
  void finish(const Slice& slice, Range columns) const {
    if (recurrence_->hidden_last == nullptr) return;
    const Sequence& sequence = recurrence_->sequence;
    const std::int64_t size = recurrence_->outputs_size;
    const Steps steps(sequence, recurrence_->reverse, slice);
    for (std::int64_t row = slice.row_begin; row < slice.row_end; ++row) {
      const std::int64_t number = sequence.order[row];
      const T* const from = sequence.lengths[row] == 0
                                ? recurrence_->hidden_first + number * size
                                : recurrence_->outputs.at(sequence.padded(row, steps.last(row)));
      for (std::int64_t j = columns.begin; j < columns.end; ++j) recurrence_->hidden_last[number * size + j] = from[j];
    }
  }

 private:
  const Recurrence<T>* recurrence_ = nullptr;
  T* entering_[2] = {};
  T* hidden_ = nullptr;

 public:
  std::int64_t pitch = 0;
};

// A number per row and unit that goes from step to step: the cell, or a gradient on its way back.
template <class T>
class Carry {
 public:
  Carry() = default;
  Carry(Arena& arena, std::int64_t batch, std::int64_t size)
      : size_(size), pitch_(rounded_up(size, kUnit<T>)), data_(arena.take<T>(batch * pitch_)) {}

  // From a tensor (batch, size) in the caller's order, or zeros.
  void start(const Sequence& sequence, const Slice& slice, const T* first) {
    if (slice.part != 0) return;
    for (std::int64_t row = slice.row_begin; row < slice.row_end; ++row)
      for (std::int64_t j = 0; j < pitch_; ++j)
        data_[row * pitch_ + j] = j < size_ && first != nullptr ? first[sequence.order[row] * size_ + j] : T(0);
  }

  void finish(const Sequence& sequence, const Slice& slice, T* last) const {
    if (last == nullptr) return;
    const Range columns = columns_of<T>(size_, slice);
    for (std::int64_t row = slice.row_begin; row < slice.row_end; ++row)
      for (std::int64_t j = columns.begin; j < columns.end; ++j)
        last[sequence.order[row] * size_ + j] = data_[row * pitch_ + j];
  }

  Vector<T> get(std::int64_t row, std::int64_t column) const { return load(data_ + row * pitch_ + column); }
  void put(std::int64_t row, std::int64_t column, Vector<T> value) { store(data_ + row * pitch_ + column, value); }
  const T* data() const { return data_; }
  T* row(std::int64_t number) { return data_ + number * pitch_; }
  std::int64_t pitch() const { return pitch_; }

 private:
  std::int64_t size_ = 0;
  std::int64_t pitch_ = 0;
  T* data_ = nullptr;
};

// What a backward pass of any cell needs of the past and of the gradient that comes in.
template <class T>
class Past {
 public:
  explicit Past(const Recurrence<T>& recurrence, const Steps& steps) : recurrence_(recurrence), steps_(steps) {}

  // The hidden state before a step, without the mask.
  Vector<T> hidden(std::int64_t row, std::int64_t step, std::int64_t column) const {
    const Sequence& sequence = recurrence_.sequence;
    const std::int64_t size = recurrence_.outputs_size;
    if (sequence.is_reset(row, step)) return Vector<T>{};
    if (steps_.is_first(row, step)) return load(recurrence_.hidden_first + sequence.order[row] * size + column, size - column);
    return load(recurrence_.outputs.at(sequence.padded(row, steps_.before(step))) + column, size - column);
  }

  Vector<T> cell(std::int64_t row, std::int64_t step, std::int64_t column) const {
    const Sequence& sequence = recurrence_.sequence;
    const std::int64_t size = recurrence_.hidden;
    if (sequence.is_reset(row, step)) return Vector<T>{};
    if (steps_.is_first(row, step)) return load(recurrence_.cell_first + sequence.order[row] * size + column, size - column);
    return load(recurrence_.cells.at(sequence.position(row, steps_.before(step))) + column, size - column);
  }

  // The mask of the recurrent product; ones without one.
  Vector<T> mask(std::int64_t row, std::int64_t column) const {
    const std::int64_t size = recurrence_.outputs_size;
    if (recurrence_.mask == nullptr) return broadcast(T(1));
    return load(recurrence_.mask + recurrence_.sequence.order[row] * size + column, size - column);
  }

  Vector<T> grad_output(std::int64_t row, std::int64_t step, std::int64_t column) const {
    if (!recurrence_.grad_outputs) return Vector<T>{};
    return load(recurrence_.grad_outputs.at(recurrence_.sequence.padded(row, step)) + column,
                recurrence_.outputs_size - column);
  }

 private:
  const Recurrence<T>& recurrence_;
  const Steps& steps_;
};

}  // namespace recurra::RECURRA_ISA
