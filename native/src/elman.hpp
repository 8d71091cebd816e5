// Elman (1990): h' = φ(a), a = W x + b + U h.
#pragma once

#include "math.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
class ElmanForward {
 public:
  ElmanForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r), weights_(arena, r.hidden, r.hidden), state_(r, arena) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, 1, r_.hidden, slice);
    state_.start(slice);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      weights_.multiply(rows, columns, state_.entering(step), state_.pitch,
                        [&](std::int64_t row, std::int64_t j, Vector<T> sums) { unit(steps, row, step, j, sums); });
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void unit(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t j, Vector<T> sums) {
    const std::int64_t count = r_.hidden - j;
    T* const gate = r_.gates.at(r_.sequence.position(row, step)) + j;
    const Vector<T> sum = load(gate, count) + sums;
    const Vector<T> fresh = r_.relu ? relu<T>(sum) : tanh<T>(sum);
    store(gate, fresh, count);
    const std::int64_t mark = r_.sequence.mark(row, step) * r_.hidden + j;
    state_.put(steps, row, step, j, zoned_out<T>(r_.zoneout_hidden, mark, count, state_.hidden(row, j), fresh));
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  HiddenState<T> state_;
};

template <class T>
class ElmanBackward {
 public:
  ElmanBackward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r), weights_(arena, r.hidden, r.hidden), grad_hidden_(arena, r.sequence.batch, r.hidden) {
    for (Carry<T>& copy : grad_sums_) copy = Carry<T>(arena, r.sequence.batch, r.hidden);
  }

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, r_.hidden, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    const Past<T> past(r_, steps);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      Carry<T>& grad_sums = grad_sums_[step & 1];
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>) unit(past, grad_sums, row, step, j);
      slice.barrier->wait();
      weights_.multiply(rows, columns, grad_sums.data(), grad_sums.pitch(),
                        [&](std::int64_t row, std::int64_t j, Vector<T> sums) {
                          const Vector<T> before = fma(past.mask(row, j), sums, grad_hidden_.get(row, j));
                          grad_hidden_.put(row, j, r_.sequence.is_reset(row, step) ? Vector<T>{} : before);
                        });
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void unit(const Past<T>& past, Carry<T>& grad_sums, std::int64_t row, std::int64_t step,
                           std::int64_t j) {
    const std::int64_t count = r_.hidden - j;
    const std::int64_t position = r_.sequence.position(row, step);
    Vector<T> grad = grad_hidden_.get(row, j) + past.grad_output(row, step, j);
    Vector<T> around{};
    if (r_.zoneout_hidden) {
      around = grad * kept_share<T>(r_.zoneout_hidden, r_.sequence.mark(row, step) * r_.hidden + j, count);
      grad -= around;
    }
    const Vector<T> value = load(r_.gates.at(position) + j, count);
    const Vector<T> slope = r_.relu ? where<T>(value > T(0), broadcast(T(1)), Vector<T>{}) : T(1) - value * value;
    const Vector<T> grad_sum = grad * slope;
    store(r_.grad_gates.at(position) + j, grad_sum, count);
    grad_sums.put(row, j, grad_sum);
    grad_hidden_.put(row, j, around);
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> grad_hidden_;
  Carry<T> grad_sums_[2];
};

}  // namespace recurra::RECURRA_ISA
