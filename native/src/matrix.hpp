// The weights a cell multiplies its state with at every step, and numbers per row and unit.
#pragma once

#include "barrier.hpp"
#include "product.hpp"
#include "recurrence.hpp"

namespace recurra::RECURRA_ISA {

// Scratch memory, handed out piece by piece. Without a base it only counts. It belongs to one instruction set, so that
// stream_program.cpp, which is compiled for any processor, has its own.
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

constexpr Range share(std::int64_t total, std::int64_t part, std::int64_t parts) {
  return {total * part / parts, total * (part + 1) / parts};
}

template <class T>
constexpr Range columns_of(std::int64_t total, const Slice& slice) {
  const Range units = share(rounded_up(total, kUnit<T>) / kUnit<T>, slice.part, slice.parts);
  return {units.begin * kUnit<T>, smaller(units.end * kUnit<T>, total)};
}

// The panels, `width` columns each, that hold a range of columns.
template <class T>
constexpr Range panels_of(Range columns, std::int64_t width) {
  return {columns.begin / width, (columns.end + width - 1) / width};
}

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

  T* row(std::int64_t number) { return data_ + number * pitch_; }
  std::int64_t pitch() const { return pitch_; }

 private:
  std::int64_t size_ = 0;
  std::int64_t pitch_ = 0;
  T* data_ = nullptr;
};

// A matrix (columns, depth) in rows, as a plain product takes it: two vectors of columns a panel.
template <class T>
class PlainMatrix {
 public:
  PlainMatrix() = default;
  PlainMatrix(Arena& arena, std::int64_t columns, std::int64_t depth) : columns_(columns) {
    packed_.depth = depth;
    packed_.panels = rounded_up(columns, kUnit<T>) / kUnit<T>;
    packed_.data = arena.take<T>(static_cast<std::int64_t>(packed_.size()));
  }

  // The number at (depth k, column c) is matrix[k * depth_stride + c * column_stride].
  void fill(const T* matrix, std::int64_t depth_stride, std::int64_t column_stride, const Slice& slice) {
    const Range mine = share(packed_.panels, slice.number, slice.slices);
    const auto column = [](std::int64_t panel, int vector) { return panel * kUnit<T> + vector * kLanes<T>; };
    pack(packed_, mine.begin, mine.end, matrix, depth_stride, column_stride, column,
         [&](std::int64_t panel, int vector) { return columns_ - column(panel, vector); });
  }

  // A range of rows of `left`, which are `pitch` numbers apart, times a range of columns.
  void multiply(Range rows, Range columns, const T* left, std::int64_t pitch, Carry<T>& to) const {
    product(rows, panels_of<T>(columns, kUnit<T>), left, pitch, packed_, Sums<T>{to.row(0), to.pitch()});
  }

 private:
  Packed<T, 2> packed_;
  std::int64_t columns_ = 0;
};

// A number per row, unit and gate; the gates of a vector of units lie side by side.
template <class T, int GATES>
class GateSums {
 public:
  GateSums(Arena& arena, std::int64_t batch, std::int64_t units)
      : pitch_(rounded_up(units, kLanes<T>) * GATES), data_(arena.take<T>(batch * pitch_)) {}

  // One row's.
  struct Row {
    T* data;

    RECURRA_INLINE Vector<T> get(std::int64_t j, int gate) const { return load(data + j * GATES + gate * kLanes<T>); }
    RECURRA_INLINE void put(std::int64_t j, int gate, Vector<T> value) const {
      store(data + j * GATES + gate * kLanes<T>, value);
    }
  };

  Row row(std::int64_t number) { return {data_ + number * pitch_}; }
  Sums<T> sums() { return {data_, pitch_}; }

 private:
  std::int64_t pitch_;
  T* data_;
};

// The weights (gates * units, depth) of several gates: a panel holds the same vector of units of every gate.
template <class T, int GATES>
class GateMatrix {
 public:
  GateMatrix(Arena& arena, std::int64_t units, std::int64_t depth) : units_(units) {
    packed_.depth = depth;
    packed_.panels = rounded_up(units, kLanes<T>) / kLanes<T>;
    packed_.data = arena.take<T>(static_cast<std::int64_t>(packed_.size()));
  }

  void fill(const T* matrix, const Slice& slice) {
    const Range mine = share(packed_.panels, slice.number, slice.slices);
    pack(
        packed_, mine.begin, mine.end, matrix, 1, packed_.depth,
        [&](std::int64_t panel, int gate) { return gate * units_ + panel * kLanes<T>; },
        [&](std::int64_t panel, int) { return units_ - panel * kLanes<T>; });
  }

  // A range of rows of `left`, which are `pitch` numbers apart, times a range of units.
  void multiply(Range rows, Range units, const T* left, std::int64_t pitch, GateSums<T, GATES>& to) const {
    product(rows, panels_of<T>(units, kLanes<T>), left, pitch, packed_, to.sums());
  }

 private:
  Packed<T, GATES> packed_;
  std::int64_t units_ = 0;
};

}  // namespace recurra::RECURRA_ISA
