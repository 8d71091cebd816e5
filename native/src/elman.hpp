// Elman (1990): h' = φ(a), a = W x + b + U h; φ is tanh, ReLU, or nothing.
#pragma once

#include "math.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
RECURRA_INLINE Vector<T> squashed(std::int64_t nonlinearity, Vector<T> sum) {
  return nonlinearity == kTanh ? tanh<T>(sum) : nonlinearity == kRelu ? relu<T>(sum) : sum;
}

// The slope where φ has this value.
template <class T>
RECURRA_INLINE Vector<T> slope_at(std::int64_t nonlinearity, Vector<T> value) {
  if (nonlinearity == kTanh) return T(1) - value * value;
  const Vector<T> one = broadcast(T(1));
  return nonlinearity == kRelu ? where<T>(value > T(0), one, Vector<T>{}) : one;
}

template <class T>
class ElmanForward {
 public:
  ElmanForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, r.hidden, r.hidden),
        sums_(arena, r.sequence.batch, r.hidden),
        state_(r, arena) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, 1, r_.hidden, slice);
    state_.start(slice);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      weights_.multiply(rows, columns, state_.entering(step), state_.pitch, sums_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) activate(steps, row, step, columns);
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
  }

  void finish(std::int64_t) {}

 private:
  void activate(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t nonlinearity = r_.nonlinearity;
    T* const gate = r_.gates.at(r_.sequence.position(row, step));
    const T* const product = sums_.row(row);
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), r_.hidden);
    const auto state = state_.at(steps, row, step);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> sum = load(gate + j, count) + load(product + j);
      const Vector<T> fresh = squashed<T>(nonlinearity, sum);
      store(gate + j, fresh, count);
      state.put(j, count, zoneout.apply(j, count, state.old(j), fresh));
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> sums_;
  HiddenState<T> state_;
};

template <class T>
class ElmanBackward {
 public:
  ElmanBackward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, r.hidden, r.hidden),
        sums_(arena, r.sequence.batch, r.hidden),
        grad_hidden_(arena, r.sequence.batch, r.hidden) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, r_.hidden, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back(steps, row, step, columns);
      slice.barrier->wait();
      weights_.multiply(rows, columns, rows_of(r_, r_.grad_gates, step), r_.grad_gates.pitch, sums_);
      carry_back(r_, rows, columns, step, sums_, grad_hidden_);
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
  }

  void finish(std::int64_t) {}

 private:
  void walk_back(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t nonlinearity = r_.nonlinearity;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const gate = r_.gates.at(position);
    T* const grad_gate = r_.grad_gates.at(position);
    T* const grad_hidden = grad_hidden_.row(row);
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), r_.hidden);
    const Past<T> past(r_, steps, row, step);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      Vector<T> grad = load(grad_hidden + j) + past.grad_output(j, count);
      store(grad_hidden + j, zoneout.take(j, count, grad));
      store(grad_gate + j, grad * slope_at<T>(nonlinearity, load(gate + j, count)), count);
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> sums_;
  Carry<T> grad_hidden_;
};

}  // namespace recurra::RECURRA_ISA
