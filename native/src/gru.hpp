// The GRU in both forms: r = σ(a_r), z = σ(a_z), h' = (1 - z) n + z h, where a = W x + b + U h and
//   reset after the product:  n = tanh(W_n x + b_n + r (U_n h + d_n))
//   reset before the product: n = tanh(W_n x + b_n + U_n (r h) + d_n)
#pragma once

#include "gate.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
class GruForward {
 public:
  GruForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r), weights_(arena, r.hidden, r.hidden), state_(r, arena) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, slice);
    state_.start(slice);
  }

  void run(const Slice& slice) {
    constexpr int lanes = kLanes<T>;
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      weights_.multiply(
          rows, columns, state_.entering(step), state_.pitch,
          [&](std::int64_t row, std::int64_t j, T* sums) {
            const T* const gates = r_.gates.at(r_.sequence.position(row, step)) + j;
            store(sums, load(gates, r_.hidden - j));
            store(sums + lanes, load(gates + r_.hidden, r_.hidden - j));
            store(sums + 2 * lanes,
                  r_.bias_candidate == nullptr ? Vector<T>{} : load(r_.bias_candidate + j, r_.hidden - j));
          },
          [&](std::int64_t row, std::int64_t j, const T* sums) { unit(steps, row, step, j, sums); });
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void unit(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t j, const T* sums) {
    constexpr int lanes = kLanes<T>;
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    T* const gates = r_.gates.at(position) + j;
    const Vector<T> reset_gate = sigmoid<T>(load(sums));
    const Vector<T> update_gate = sigmoid<T>(load(sums + lanes));
    const Vector<T> recurrent = load(sums + 2 * lanes);
    const Vector<T> candidate = tanh<T>(fma(reset_gate, recurrent, load(gates + 2 * size, count)));
    const Vector<T> old = state_.hidden(row, j);
    const Vector<T> fresh = gru_hidden<T>(update_gate, candidate, old);
    if (r_.extra) {
      store(gates, reset_gate, count);
      store(gates + size, update_gate, count);
      store(gates + 2 * size, candidate, count);
      store(r_.extra.at(position) + j, recurrent, count);
    }
    const std::int64_t mark = r_.sequence.mark(row, step) * size + j;
    state_.put(steps, row, step, j, zoned_out<T>(r_.zoneout_hidden, mark, count, old, fresh));
  }

  const Recurrence<T>& r_;
  GateMatrix<T, 3> weights_;
  HiddenState<T> state_;
};

// What both backward passes begin with: the gradients of z and of what tanh is taken of, and the part that goes
// straight to the old hidden state.
template <class T>
struct GruGradient {
  Vector<T> reset_gate, update_sum, candidate_sum, old, around;
};

template <class T>
RECURRA_INLINE GruGradient<T> gru_gradient(const Recurrence<T>& r, const Past<T>& past, Vector<T> grad,
                                           std::int64_t row, std::int64_t step, std::int64_t j) {
  const std::int64_t count = r.hidden - j;
  const T* const gates = r.gates.at(r.sequence.position(row, step)) + j;
  GruGradient<T> result{};
  grad += past.grad_output(row, step, j);
  if (r.zoneout_hidden) {
    result.around = grad * kept_share<T>(r.zoneout_hidden, r.sequence.mark(row, step) * r.hidden + j, count);
    grad -= result.around;
  }
  const Vector<T> update_gate = load(gates + r.hidden, count);
  const Vector<T> candidate = load(gates + 2 * r.hidden, count);
  result.reset_gate = load(gates, count);
  result.old = past.hidden(row, step, j);
  result.update_sum = grad * (result.old - candidate) * update_gate * (T(1) - update_gate);
  result.candidate_sum = grad * (T(1) - update_gate) * (T(1) - candidate * candidate);
  result.around = fma(grad, update_gate, result.around);
  return result;
}

template <class T>
class GruBackward {
 public:
  GruBackward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r), weights_(arena, r.hidden, 3 * r.hidden), grad_hidden_(arena, r.sequence.batch, r.hidden) {
    for (Carry<T>& copy : grad_sums_) copy = Carry<T>(arena, r.sequence.batch, 3 * r.hidden);
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
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>)
          unit(past, grad_sums.row(row), row, step, j);
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
  RECURRA_INLINE void unit(const Past<T>& past, T* grad_sums, std::int64_t row, std::int64_t step, std::int64_t j) {
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const GruGradient<T> grad = gru_gradient(r_, past, grad_hidden_.get(row, j), row, step, j);
    const Vector<T> recurrent = load(r_.extra.at(position) + j, count);
    const Vector<T> reset_sum = grad.candidate_sum * recurrent * grad.reset_gate * (T(1) - grad.reset_gate);
    const Vector<T> recurrent_sum = grad.candidate_sum * grad.reset_gate;
    T* const to = r_.grad_gates.at(position) + j;
    store(to, reset_sum, count);
    store(to + size, grad.update_sum, count);
    store(to + 2 * size, grad.candidate_sum, count);
    store(to + 3 * size, recurrent_sum, count);
    store(grad_sums + j, reset_sum, count);
    store(grad_sums + size + j, grad.update_sum, count);
    store(grad_sums + 2 * size + j, recurrent_sum, count);
    grad_hidden_.put(row, j, grad.around);
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> grad_hidden_;
  Carry<T> grad_sums_[2];
};

template <class T>
class GruResetBeforeForward {
 public:
  GruResetBeforeForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        gate_weights_(arena, r.hidden, r.hidden),
        candidate_weights_(arena, r.hidden, r.hidden),
        state_(r, arena),
        gated_(arena, r.sequence.batch, r.hidden),
        update_gate_(arena, r.sequence.batch, r.hidden) {}

  void prepare(const Slice& slice) {
    gate_weights_.fill(r_.weight_hh, slice);
    candidate_weights_.fill(r_.weight_hh + 2 * r_.hidden * r_.hidden, 1, r_.hidden, slice);
    state_.start(slice);
    gated_.start(r_.sequence, slice, nullptr);
  }

  void run(const Slice& slice) {
    constexpr int lanes = kLanes<T>;
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      const T* const entering = state_.entering(step);
      gate_weights_.multiply(
          rows, columns, entering, state_.pitch,
          [&](std::int64_t row, std::int64_t j, T* sums) {
            const T* const gates = r_.gates.at(r_.sequence.position(row, step)) + j;
            store(sums, load(gates, r_.hidden - j));
            store(sums + lanes, load(gates + r_.hidden, r_.hidden - j));
          },
          [&](std::int64_t row, std::int64_t j, const T* sums) {
            gate_unit(row, step, j, sums, load(entering + row * state_.pitch + j));
          });
      slice.barrier->wait();
      candidate_weights_.multiply(
          rows, columns, gated_.data(), gated_.pitch(),
          [&](std::int64_t row, std::int64_t j, Vector<T> sums) { candidate_unit(steps, row, step, j, sums); });
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void gate_unit(std::int64_t row, std::int64_t step, std::int64_t j, const T* sums,
                                Vector<T> entering) {
    const std::int64_t count = r_.hidden - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const Vector<T> reset_gate = sigmoid<T>(load(sums));
    const Vector<T> update_gate = sigmoid<T>(load(sums + kLanes<T>));
    const Vector<T> gated = reset_gate * entering;
    gated_.put(row, j, gated);
    update_gate_.put(row, j, update_gate);
    if (!r_.extra) return;
    store(r_.gates.at(position) + j, reset_gate, count);
    store(r_.gates.at(position) + r_.hidden + j, update_gate, count);
    store(r_.extra.at(position) + j, gated, count);
  }

  RECURRA_INLINE void candidate_unit(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t j,
                                     Vector<T> sums) {
    const std::int64_t count = r_.hidden - j;
    T* const gate = r_.gates.at(r_.sequence.position(row, step)) + 2 * r_.hidden + j;
    const Vector<T> candidate = tanh<T>(load(gate, count) + sums);
    if (r_.extra) store(gate, candidate, count);
    const Vector<T> old = state_.hidden(row, j);
    const Vector<T> fresh = gru_hidden<T>(update_gate_.get(row, j), candidate, old);
    const std::int64_t mark = r_.sequence.mark(row, step) * r_.hidden + j;
    state_.put(steps, row, step, j, zoned_out<T>(r_.zoneout_hidden, mark, count, old, fresh));
  }

  const Recurrence<T>& r_;
  GateMatrix<T, 2> gate_weights_;
  PlainMatrix<T> candidate_weights_;
  HiddenState<T> state_;
  Carry<T> gated_;
  Carry<T> update_gate_;
};

template <class T>
class GruResetBeforeBackward {
 public:
  GruResetBeforeBackward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        gate_weights_(arena, r.hidden, 2 * r.hidden),
        candidate_weights_(arena, r.hidden, r.hidden),
        grad_hidden_(arena, r.sequence.batch, r.hidden),
        grad_candidate_(arena, r.sequence.batch, r.hidden) {
    for (Carry<T>& copy : grad_sums_) copy = Carry<T>(arena, r.sequence.batch, 2 * r.hidden);
  }

  void prepare(const Slice& slice) {
    gate_weights_.fill(r_.weight_hh, r_.hidden, 1, slice);
    candidate_weights_.fill(r_.weight_hh + 2 * r_.hidden * r_.hidden, r_.hidden, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
    grad_candidate_.start(r_.sequence, slice, nullptr);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    const Past<T> past(r_, steps);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>) candidate_unit(past, row, step, j);
      slice.barrier->wait();
      Carry<T>& grad_sums = grad_sums_[step & 1];
      candidate_weights_.multiply(rows, columns, grad_candidate_.data(), grad_candidate_.pitch(),
                                  [&](std::int64_t row, std::int64_t j, Vector<T> sums) {
                                    gate_unit(past, grad_sums.row(row), row, step, j, sums);
                                  });
      slice.barrier->wait();
      gate_weights_.multiply(rows, columns, grad_sums.data(), grad_sums.pitch(),
                             [&](std::int64_t row, std::int64_t j, Vector<T> sums) {
                               const Vector<T> before = fma(past.mask(row, j), sums, grad_hidden_.get(row, j));
                               grad_hidden_.put(row, j, r_.sequence.is_reset(row, step) ? Vector<T>{} : before);
                             });
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void candidate_unit(const Past<T>& past, std::int64_t row, std::int64_t step, std::int64_t j) {
    const std::int64_t count = r_.hidden - j;
    const GruGradient<T> grad = gru_gradient(r_, past, grad_hidden_.get(row, j), row, step, j);
    T* const to = r_.grad_gates.at(r_.sequence.position(row, step)) + j;
    store(to + r_.hidden, grad.update_sum, count);
    store(to + 2 * r_.hidden, grad.candidate_sum, count);
    grad_candidate_.put(row, j, grad.candidate_sum);
    grad_hidden_.put(row, j, grad.around);
  }

  // `sums` is the gradient of r h.
  RECURRA_INLINE void gate_unit(const Past<T>& past, T* grad_sums, std::int64_t row, std::int64_t step, std::int64_t j,
                                Vector<T> sums) {
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const Vector<T> mask = past.mask(row, j);
    const Vector<T> entering = past.hidden(row, step, j) * mask;
    const Vector<T> reset_gate = load(r_.gates.at(position) + j, count);
    const Vector<T> reset_sum = sums * entering * reset_gate * (T(1) - reset_gate);
    T* const to = r_.grad_gates.at(position) + j;
    store(to, reset_sum, count);
    store(grad_sums + j, reset_sum, count);
    store(grad_sums + size + j, load(to + size, count), count);
    grad_hidden_.put(row, j, fma(mask, sums * reset_gate, grad_hidden_.get(row, j)));
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> gate_weights_;
  PlainMatrix<T> candidate_weights_;
  Carry<T> grad_hidden_;
  Carry<T> grad_candidate_;
  Carry<T> grad_sums_[2];
};

}  // namespace recurra::RECURRA_ISA
