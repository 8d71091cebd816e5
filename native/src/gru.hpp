// The GRU in both forms: r = σ(a_r), z = σ(a_z), h' = (1 - z) n + z h, where a = W x + b + U h and
//   reset after the product:  n = tanh(W_n x + b_n + r (U_n h + d_n))
//   reset before the product: n = tanh(W_n x + b_n + U_n (r h) + d_n)
#pragma once

#include <algorithm>

#include "gate.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
class GruForward {
 public:
  GruForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, r.hidden, r.hidden),
        sums_(arena, r.sequence.batch, r.hidden),
        state_(r, arena) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, slice);
    state_.start(slice);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      weights_.multiply(rows, columns, state_.entering(step), state_.pitch, sums_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        // A unit is a chain of two activations. All gates of a row come first, so that neighbours' chains overlap.
        activate_gates(row, step, columns);
        update(steps, row, step, columns);
      }
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
  }

  void finish(std::int64_t) {}

 private:
  void activate_gates(std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const T* const inputs = r_.gates.at(r_.sequence.position(row, step));
    const auto sums = sums_.row(row);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      for (int gate = 0; gate < 2; ++gate)
        sums.put(j, gate, sigmoid<T>(load(inputs + gate * size + j, count) + sums.get(j, gate)));
    });
  }

  void update(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const bias = r_.bias_candidate;
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), size);
    const auto sums = sums_.row(row);
    const auto state = state_.at(steps, row, step);
    T* const gates = r_.gates.at(position);
    T* const recurrents = r_.extra ? r_.extra.at(position) : nullptr;
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> reset_gate = sums.get(j, 0);
      const Vector<T> update_gate = sums.get(j, 1);
      Vector<T> recurrent = sums.get(j, 2);
      if (bias != nullptr) recurrent += load(bias + j, count);
      const Vector<T> candidate = tanh<T>(fma(reset_gate, recurrent, load(gates + 2 * size + j, count)));
      const Vector<T> old = state.old(j);
      if (recurrents != nullptr) {
        store(gates + j, reset_gate, count);
        store(gates + size + j, update_gate, count);
        store(gates + 2 * size + j, candidate, count);
        store(recurrents + j, recurrent, count);
      }
      state.put(j, count, zoneout.apply(j, count, old, gru_hidden<T>(update_gate, candidate, old)));
    });
  }

  const Recurrence<T>& r_;
  GateMatrix<T, 3> weights_;
  GateSums<T, 3> sums_;
  HiddenState<T> state_;
};

// What both backward passes begin with: the gradients of z and of what tanh is taken of, and the part that goes
// straight to the old hidden state.
template <class T>
struct GruGradient {
  Vector<T> update_sum, candidate_sum, around;
};

template <class T, class Count>
RECURRA_INLINE GruGradient<T> gru_gradient(const RowZoneout<T>& zoneout, const Past<T>& past, const T* gates,
                                           std::int64_t size, std::int64_t j, Count count, Vector<T> grad_hidden) {
  const Vector<T> update_gate = load(gates + size + j, count);
  const Vector<T> candidate = load(gates + 2 * size + j, count);
  Vector<T> grad = grad_hidden + past.grad_output(j, count);
  const Vector<T> around = zoneout.take(j, count, grad);
  return {
      grad * (past.hidden(j, count) - candidate) * update_gate * (T(1) - update_gate),
      grad * (T(1) - update_gate) * (T(1) - candidate * candidate),
      fma(grad, update_gate, around),
  };
}

template <class T>
class GruBackward {
 public:
  GruBackward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, r.hidden, 3 * r.hidden),
        sums_(arena, r.sequence.batch, r.hidden),
        grad_hidden_(arena, r.sequence.batch, r.hidden) {
    for (Carry<T>& copy : grad_sums_) copy = Carry<T>(arena, r.sequence.batch, 3 * r.hidden);
  }

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, r_.hidden, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      Carry<T>& grad_sums = grad_sums_[step & 1];
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        walk_back(steps, row, step, columns, grad_sums.row(row));
      slice.barrier->wait();
      weights_.multiply(rows, columns, grad_sums.row(0), grad_sums.pitch(), sums_);
      carry_back(r_, rows, columns, step, sums_, grad_hidden_);
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
  }

  void finish(std::int64_t) {}

 private:
  void walk_back(const Steps& steps, std::int64_t row, std::int64_t step, Range columns, T* grad_sums) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), size);
    const Past<T> past(r_, steps, row, step);
    const T* const gates = r_.gates.at(position);
    const T* const recurrents = r_.extra.at(position);
    T* const grad_hidden = grad_hidden_.row(row);
    T* const to = r_.grad_gates.at(position);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const GruGradient<T> grad = gru_gradient<T>(zoneout, past, gates, size, j, count, load(grad_hidden + j));
      const Vector<T> reset_gate = load(gates + j, count);
      const Vector<T> recurrent_sum = grad.candidate_sum * reset_gate;
      const Vector<T> reset_sum = recurrent_sum * load(recurrents + j, count) * (T(1) - reset_gate);
      store(to + j, reset_sum, count);
      store(to + size + j, grad.update_sum, count);
      store(to + 2 * size + j, grad.candidate_sum, count);
      store(to + 3 * size + j, recurrent_sum, count);
      store(grad_sums + j, reset_sum, count);
      store(grad_sums + size + j, grad.update_sum, count);
      store(grad_sums + 2 * size + j, recurrent_sum, count);
      store(grad_hidden + j, grad.around);
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> sums_;
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
        gate_sums_(arena, r.sequence.batch, r.hidden),
        sums_(arena, r.sequence.batch, r.hidden),
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
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      const T* const entering = state_.entering(step);
      gate_weights_.multiply(rows, columns, entering, state_.pitch, gate_sums_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        gate(row, step, columns, entering + row * state_.pitch);
      slice.barrier->wait();
      candidate_weights_.multiply(rows, columns, gated_.row(0), gated_.pitch(), sums_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) update(steps, row, step, columns);
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
  }

  void finish(std::int64_t) {}

 private:
  void gate(std::int64_t row, std::int64_t step, Range columns, const T* entering) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const auto sums = gate_sums_.row(row);
    const bool saves = static_cast<bool>(r_.extra);
    T* const gates = r_.gates.at(position);
    T* const gated = gated_.row(row);
    T* const update_gates = update_gate_.row(row);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> reset_gate = sigmoid<T>(load(gates + j, count) + sums.get(j, 0));
      const Vector<T> update_gate = sigmoid<T>(load(gates + size + j, count) + sums.get(j, 1));
      store(gated + j, reset_gate * load(entering + j));
      store(update_gates + j, update_gate);
      if (!saves) return;
      store(gates + j, reset_gate, count);
      store(gates + size + j, update_gate, count);
    });
    if (saves) std::copy(gated + columns.begin, gated + columns.end, r_.extra.at(position) + columns.begin);
  }

  void update(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), r_.hidden);
    const auto state = state_.at(steps, row, step);
    const bool saves = static_cast<bool>(r_.extra);
    const T* const update_gates = update_gate_.row(row);
    const T* const product = sums_.row(row);
    T* const gate = r_.gates.at(r_.sequence.position(row, step)) + 2 * r_.hidden;
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> candidate = tanh<T>(load(gate + j, count) + load(product + j));
      if (saves) store(gate + j, candidate, count);
      const Vector<T> old = state.old(j);
      const Vector<T> fresh = gru_hidden<T>(load(update_gates + j), candidate, old);
      state.put(j, count, zoneout.apply(j, count, old, fresh));
    });
  }

  const Recurrence<T>& r_;
  GateMatrix<T, 2> gate_weights_;
  PlainMatrix<T> candidate_weights_;
  GateSums<T, 2> gate_sums_;
  Carry<T> sums_;
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
        sums_(arena, r.sequence.batch, r.hidden),
        grad_hidden_(arena, r.sequence.batch, r.hidden) {}

  void prepare(const Slice& slice) {
    gate_weights_.fill(r_.weight_hh, r_.hidden, 1, slice);
    candidate_weights_.fill(r_.weight_hh + 2 * r_.hidden * r_.hidden, r_.hidden, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back_update(steps, row, step, columns);
      slice.barrier->wait();
      const T* const grad_gates = rows_of(r_, r_.grad_gates, step);
      candidate_weights_.multiply(rows, columns, grad_gates + 2 * r_.hidden, r_.grad_gates.pitch, sums_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back_gate(steps, row, step, columns);
      slice.barrier->wait();
      gate_weights_.multiply(rows, columns, grad_gates, r_.grad_gates.pitch, sums_);
      carry_back(r_, rows, columns, step, sums_, grad_hidden_);
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
  }

  void finish(std::int64_t) {}

 private:
  void walk_back_update(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), size);
    const Past<T> past(r_, steps, row, step);
    const T* const gates = r_.gates.at(position);
    T* const grad_hidden = grad_hidden_.row(row);
    T* const to = r_.grad_gates.at(position);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const GruGradient<T> grad = gru_gradient<T>(zoneout, past, gates, size, j, count, load(grad_hidden + j));
      store(to + size + j, grad.update_sum, count);
      store(to + 2 * size + j, grad.candidate_sum, count);
      store(grad_hidden + j, grad.around);
    });
  }

  // From the gradient of r h.
  void walk_back_gate(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t position = r_.sequence.position(row, step);
    const Past<T> past(r_, steps, row, step);
    const T* const gates = r_.gates.at(position);
    const T* const grad_gated = sums_.row(row);
    T* const grad_hidden = grad_hidden_.row(row);
    T* const to = r_.grad_gates.at(position);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> mask = past.mask(j, count);
      const Vector<T> grad = load(grad_gated + j);
      const Vector<T> entering = past.hidden(j, count) * mask;
      const Vector<T> reset_gate = load(gates + j, count);
      store(to + j, grad * entering * reset_gate * (T(1) - reset_gate), count);
      store(grad_hidden + j, fma(mask, grad * reset_gate, load(grad_hidden + j)));
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> gate_weights_;
  PlainMatrix<T> candidate_weights_;
  Carry<T> sums_;
  Carry<T> grad_hidden_;
};

}  // namespace recurra::RECURRA_ISA
