// Walking over time: which rows take part in a step, what enters it, and what goes back through it.
#pragma once

#include <cstring>
#include <type_traits>

#include "matrix.hpp"

namespace recurra::RECURRA_ISA {

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

// Zoneout of a row at a step.
template <class T>
class RowZoneout {
 public:
  // `mark` is the row and step's place in the mask.
  RowZoneout(const Zoneout& zoneout, std::int64_t mark, std::int64_t units)
      : mask_(zoneout.mask == nullptr ? nullptr : zoneout.mask + mark * units),
        rate_(static_cast<T>(zoneout.rate)),
        is_on_(static_cast<bool>(zoneout)) {}

  explicit operator bool() const { return is_on_; }

  // The new value: the old one where a unit keeps it.
  template <class Count>
  RECURRA_INLINE Vector<T> apply(std::int64_t j, Count count, Vector<T> old, Vector<T> fresh) const {
    if (!is_on_) return fresh;
    if (mask_ != nullptr) return where<T>(kept<T>(mask_ + j, count), old, fresh);
    return fma(broadcast(rate_), old - fresh, fresh);
  }

  // The part of a gradient that goes past the step, and what is left of it.
  template <class Count>
  RECURRA_INLINE Vector<T> take(std::int64_t j, Count count, Vector<T>& grad) const {
    if (!is_on_) return Vector<T>{};
    const Vector<T> share =
        mask_ != nullptr ? where<T>(kept<T>(mask_ + j, count), broadcast(T(1)), Vector<T>{}) : broadcast(rate_);
    const Vector<T> around = grad * share;
    grad -= around;
    return around;
  }

 private:
  const std::uint8_t* mask_;
  T rate_;
  bool is_on_;
};

// body(column, count) for every vector of a range of columns; `count` is a constant but for the last, shorter one.
template <class T, class Body>
RECURRA_INLINE void for_vectors(Range columns, Body body) {
  std::int64_t j = columns.begin;
  for (; j + kLanes<T> <= columns.end; j += kLanes<T>) body(j, std::integral_constant<std::int64_t, kLanes<T>>{});
  if (j < columns.end) body(j, columns.end - j);
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

  // A row at a step: the hidden state before it, and where the one after it goes.
  class Row {
   public:
    RECURRA_INLINE Vector<T> old(std::int64_t j) const { return load(hidden_ + j); }

    // Put the new state out, keep it, and make it ready for the next step.
    template <class Count>
    RECURRA_INLINE void put(std::int64_t j, Count count, Vector<T> value) const {
      store(output_ + j, value, count);
      if (ends_) value = Vector<T>{};
      store(hidden_ + j, value);
      if (mask_ != nullptr) value *= load(mask_ + j, count);
      store(entering_ + j, value);
    }

   private:
    friend class HiddenState;
    T* output_;
    T* hidden_;
    T* entering_;
    const T* mask_;
    bool ends_;  // the next step is a reset
  };

  RECURRA_INLINE Row at(const Steps& steps, std::int64_t row, std::int64_t step) {
    const Sequence& sequence = recurrence_->sequence;
    Row result;
    result.output_ = recurrence_->outputs.at(sequence.padded(row, step));
    result.hidden_ = hidden_ + row * pitch;
    result.entering_ = entering_[(step & 1) ^ 1] + row * pitch;
    result.mask_ = recurrence_->mask == nullptr
                       ? nullptr
                       : recurrence_->mask + sequence.order[row] * recurrence_->outputs_size;
    result.ends_ = !steps.is_last(row, step) && sequence.is_reset(row, steps.after(step));
    return result;
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

// What a backward pass needs of a row at a step: the state before it, and the gradient that comes in.
template <class T>
class Past {
 public:
  RECURRA_INLINE Past(const Recurrence<T>& r, const Steps& steps, std::int64_t row, std::int64_t step)
      : mask_(r.mask == nullptr ? nullptr : r.mask + r.sequence.order[row] * r.outputs_size),
        grad_output_(r.grad_outputs ? r.grad_outputs.at(r.sequence.padded(row, step)) : nullptr) {
    const Sequence& sequence = r.sequence;
    if (sequence.is_reset(row, step)) return;
    if (steps.is_first(row, step)) {
      hidden_ = r.hidden_first + sequence.order[row] * r.outputs_size;
      if (r.cell_first != nullptr) cell_ = r.cell_first + sequence.order[row] * r.hidden;
    } else {
      hidden_ = r.outputs.at(sequence.padded(row, steps.before(step)));
      if (r.cells) cell_ = r.cells.at(sequence.position(row, steps.before(step)));
    }
  }

  // The hidden state before the step, without the mask.
  template <class Count>
  RECURRA_INLINE Vector<T> hidden(std::int64_t j, Count count) const {
    return hidden_ == nullptr ? Vector<T>{} : load(hidden_ + j, count);
  }

  template <class Count>
  RECURRA_INLINE Vector<T> cell(std::int64_t j, Count count) const {
    return cell_ == nullptr ? Vector<T>{} : load(cell_ + j, count);
  }

  // The mask of the recurrent product; ones without one.
  template <class Count>
  RECURRA_INLINE Vector<T> mask(std::int64_t j, Count count) const {
    return mask_ == nullptr ? broadcast(T(1)) : load(mask_ + j, count);
  }

  template <class Count>
  RECURRA_INLINE Vector<T> grad_output(std::int64_t j, Count count) const {
    return grad_output_ == nullptr ? Vector<T>{} : load(grad_output_ + j, count);
  }

 private:
  const T* hidden_ = nullptr;  // none after a reset
  const T* cell_ = nullptr;
  const T* mask_;
  const T* grad_output_;
};

// Where the rows of a step begin.
template <class T>
T* rows_of(const Recurrence<T>& r, const Rows<T>& rows, std::int64_t step) {
  return rows.at(r.sequence.position(0, step));
}

// Add what came back through the recurrent product to the gradient of the hidden state before a step.
template <class T>
void carry_back(const Recurrence<T>& r, Range rows, Range columns, std::int64_t step, Carry<T>& sums,
                Carry<T>& grad_hidden) {
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    const bool is_reset = r.sequence.is_reset(row, step);
    const T* const mask = r.mask == nullptr ? nullptr : r.mask + r.sequence.order[row] * r.outputs_size;
    const T* const product = sums.row(row);
    T* const grad = grad_hidden.row(row);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> factor = mask == nullptr ? broadcast(T(1)) : load(mask + j, count);
      const Vector<T> before = fma(factor, load(product + j), load(grad + j));
      store(grad + j, is_reset ? Vector<T>{} : before);
    });
  }
}

}  // namespace recurra::RECURRA_ISA
