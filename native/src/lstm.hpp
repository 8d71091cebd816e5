// The LSTM, with peepholes (Gers, Schraudolph & Schmidhuber 2002) and a projection (Sak et al. 2014) where given:
//   i = σ(a_i + p_i c)  f = σ(a_f + p_f c)  g = tanh(a_g)  c' = f c + i g  o = σ(a_o + p_o c')  m = o tanh(c')
//   h' = m, or P m;  a = W x + b + U h
#pragma once

#include "gate.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
class LstmForward {
 public:
  LstmForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, r.hidden, r.outputs_size),
        state_(r, arena),
        cell_(arena, r.sequence.batch, r.hidden) {
    if (r.projection == nullptr) return;
    projection_ = PlainMatrix<T>(arena, r.outputs_size, r.hidden);
    shown_ = Carry<T>(arena, r.sequence.batch, r.hidden);
  }

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, slice);
    state_.start(slice);
    cell_.start(r_.sequence, slice, r_.cell_first);
    if (r_.projection == nullptr) return;
    projection_.fill(r_.projection, 1, r_.hidden, slice);
    shown_.start(r_.sequence, slice, nullptr);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Range outputs = columns_of<T>(r_.outputs_size, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      weights_.multiply(
          rows, columns, state_.entering(step), state_.pitch,
          [&](std::int64_t row, std::int64_t j, T* sums) {
            const T* const gates = r_.gates.at(r_.sequence.position(row, step)) + j;
            for (int gate = 0; gate < 4; ++gate)
              store(sums + gate * kLanes<T>, load(gates + gate * r_.hidden, r_.hidden - j));
          },
          [&](std::int64_t row, std::int64_t j, const T* sums) { unit(steps, row, step, j, sums); });
      slice.barrier->wait();
      if (r_.projection == nullptr) return;
      projection_.multiply(rows, outputs, shown_.data(), shown_.pitch(),
                           [&](std::int64_t row, std::int64_t j, Vector<T> sums) { put(steps, row, step, j, sums); });
      slice.barrier->wait();
    });
    state_.finish(slice, outputs);
    cell_.finish(r_.sequence, slice, r_.cell_last);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void unit(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t j, const T* sums) {
    constexpr int lanes = kLanes<T>;
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const Vector<T> old = r_.sequence.is_reset(row, step) ? Vector<T>{} : cell_.get(row, j);
    Vector<T> input_sum = load(sums);
    Vector<T> forget_sum = load(sums + lanes);
    Vector<T> output_sum = load(sums + 3 * lanes);
    if (r_.peepholes != nullptr) {
      input_sum = fma(load(r_.peepholes + j, count), old, input_sum);
      forget_sum = fma(load(r_.peepholes + size + j, count), old, forget_sum);
    }
    LstmGates<T> gate{sigmoid<T>(input_sum), sigmoid<T>(forget_sum), tanh<T>(load(sums + 2 * lanes)), {}};
    const Vector<T> fresh = lstm_cell(gate, old);
    if (r_.peepholes != nullptr) output_sum = fma(load(r_.peepholes + 2 * size + j, count), fresh, output_sum);
    gate.output_gate = sigmoid<T>(output_sum);
    const Vector<T> shown = gate.output_gate * tanh<T>(fresh);
    if (r_.cells) {
      T* const to = r_.gates.at(position) + j;
      store(to, gate.input_gate, count);
      store(to + size, gate.forget_gate, count);
      store(to + 2 * size, gate.candidate, count);
      store(to + 3 * size, gate.output_gate, count);
    }
    const Vector<T> cell = zoned_out<T>(r_.zoneout_cell, r_.sequence.mark(row, step) * size + j, count, old, fresh);
    if (r_.cells) store(r_.cells.at(position) + j, cell, count);
    cell_.put(row, j, cell);
    if (r_.projection == nullptr) return put(steps, row, step, j, shown);
    shown_.put(row, j, shown);
    if (r_.extra) store(r_.extra.at(position) + j, shown, count);
  }

  RECURRA_INLINE void put(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t j, Vector<T> fresh) {
    const std::int64_t size = r_.outputs_size;
    const std::int64_t mark = r_.sequence.mark(row, step) * size + j;
    state_.put(steps, row, step, j, zoned_out<T>(r_.zoneout_hidden, mark, size - j, state_.hidden(row, j), fresh));
  }

  const Recurrence<T>& r_;
  GateMatrix<T, 4> weights_;
  HiddenState<T> state_;
  Carry<T> cell_;
  PlainMatrix<T> projection_;
  Carry<T> shown_;
};

template <class T>
class LstmBackward {
 public:
  LstmBackward(const Recurrence<T>& r, Arena& arena, std::int64_t slices)
      : r_(r),
        weights_(arena, r.outputs_size, 4 * r.hidden),
        grad_hidden_(arena, r.sequence.batch, r.outputs_size),
        grad_cell_(arena, r.sequence.batch, r.hidden) {
    for (Carry<T>& copy : grad_sums_) copy = Carry<T>(arena, r.sequence.batch, 4 * r.hidden);
    if (r.peepholes != nullptr) grad_peepholes_ = Carry<T>(arena, slices, 3 * rounded_up(r.hidden, kUnit<T>));
    if (r.projection == nullptr) return;
    projection_ = PlainMatrix<T>(arena, r.hidden, r.outputs_size);
    grad_projected_ = Carry<T>(arena, r.sequence.batch, r.outputs_size);
    grad_shown_ = Carry<T>(arena, r.sequence.batch, r.hidden);
  }

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, r_.outputs_size, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
    grad_cell_.start(r_.sequence, slice, r_.grad_cell_last);
    if (r_.peepholes != nullptr) std::memset(grad_peepholes_.row(slice.number), 0, sizeof(T) * grad_peepholes_.pitch());
    if (r_.projection == nullptr) return;
    projection_.fill(r_.projection, r_.hidden, 1, slice);
    grad_projected_.start(r_.sequence, slice, nullptr);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Range outputs = columns_of<T>(r_.outputs_size, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    const Past<T> past(r_, steps);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      if (r_.projection != nullptr) through_projection(slice, past, step, rows, columns, outputs);
      T* const grad_sums = grad_sums_[step & 1].row(0);
      const std::int64_t pitch = grad_sums_[step & 1].pitch();
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>)
          unit(slice, past, grad_sums + row * pitch, row, step, j);
      slice.barrier->wait();
      weights_.multiply(rows, outputs, grad_sums, pitch, [&](std::int64_t row, std::int64_t j, Vector<T> sums) {
        const Vector<T> before = fma(past.mask(row, j), sums, grad_hidden_.get(row, j));
        grad_hidden_.put(row, j, r_.sequence.is_reset(row, step) ? Vector<T>{} : before);
      });
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
    grad_cell_.finish(r_.sequence, slice, r_.grad_cell_first);
  }

  void finish(std::int64_t slices) {
    if (r_.peepholes == nullptr) return;
    const std::int64_t pitch = rounded_up(r_.hidden, kUnit<T>);
    for (std::int64_t slice = 0; slice < slices; ++slice)
      for (std::int64_t gate = 0; gate < 3; ++gate)
        for (std::int64_t j = 0; j < r_.hidden; ++j)
          r_.grad_peepholes[gate * r_.hidden + j] += grad_peepholes_.row(slice)[gate * pitch + j];
  }

 private:
  // The gradient of h' from outside and from later steps; what zoneout lets pass by stays in grad_hidden.
  RECURRA_INLINE Vector<T> grad_of_output(const Past<T>& past, std::int64_t row, std::int64_t step, std::int64_t j) {
    const std::int64_t size = r_.outputs_size;
    Vector<T> grad = grad_hidden_.get(row, j) + past.grad_output(row, step, j);
    Vector<T> around{};
    if (r_.zoneout_hidden) {
      around = grad * kept_share<T>(r_.zoneout_hidden, r_.sequence.mark(row, step) * size + j, size - j);
      grad -= around;
    }
    grad_hidden_.put(row, j, around);
    return grad;
  }

  void through_projection(const Slice& slice, const Past<T>& past, std::int64_t step, Range rows, Range columns,
                          Range outputs) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row)
      for (std::int64_t j = outputs.begin; j < outputs.end; j += kLanes<T>) {
        const Vector<T> grad = grad_of_output(past, row, step, j);
        grad_projected_.put(row, j, grad);
        store(r_.grad_products.at(r_.sequence.position(row, step)) + j, grad, r_.outputs_size - j);
      }
    slice.barrier->wait();
    projection_.multiply(rows, columns, grad_projected_.data(), grad_projected_.pitch(),
                         [&](std::int64_t row, std::int64_t j, Vector<T> sums) { grad_shown_.put(row, j, sums); });
  }

  RECURRA_INLINE void unit(const Slice& slice, const Past<T>& past, T* grad_sums, std::int64_t row, std::int64_t step,
                           std::int64_t j) {
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const gates = r_.gates.at(position) + j;
    const Vector<T> input_gate = load(gates, count);
    const Vector<T> forget_gate = load(gates + size, count);
    const Vector<T> candidate = load(gates + 2 * size, count);
    const Vector<T> output_gate = load(gates + 3 * size, count);
    const Vector<T> old = past.cell(row, step, j);
    const Vector<T> fresh = lstm_cell<T>({input_gate, forget_gate, candidate, output_gate}, old);
    const Vector<T> squashed = tanh<T>(fresh);

    const Vector<T> grad_shown = r_.projection != nullptr ? grad_shown_.get(row, j) : grad_of_output(past, row, step, j);
    Vector<T> grad_cell = grad_cell_.get(row, j);
    Vector<T> around{};
    if (r_.zoneout_cell) {
      around = grad_cell * kept_share<T>(r_.zoneout_cell, r_.sequence.mark(row, step) * size + j, count);
      grad_cell -= around;
    }
    const Vector<T> grad_output = grad_shown * squashed * output_gate * (T(1) - output_gate);
    grad_cell += grad_shown * output_gate * (T(1) - squashed * squashed);
    if (r_.peepholes != nullptr) grad_cell = fma(load(r_.peepholes + 2 * size + j, count), grad_output, grad_cell);
    const Vector<T> grad_input = grad_cell * candidate * input_gate * (T(1) - input_gate);
    const Vector<T> grad_forget = grad_cell * old * forget_gate * (T(1) - forget_gate);
    const Vector<T> grad_candidate = grad_cell * input_gate * (T(1) - candidate * candidate);
    Vector<T> grad_old = fma(grad_cell, forget_gate, around);
    if (r_.peepholes != nullptr) {
      grad_old = fma(load(r_.peepholes + j, count), grad_input, grad_old);
      grad_old = fma(load(r_.peepholes + size + j, count), grad_forget, grad_old);
      const std::int64_t pitch = rounded_up(size, kUnit<T>);
      T* const total = grad_peepholes_.row(slice.number) + j;
      store(total, fma(grad_input, old, load(total)));
      store(total + pitch, fma(grad_forget, old, load(total + pitch)));
      store(total + 2 * pitch, fma(grad_output, fresh, load(total + 2 * pitch)));
    }
    grad_cell_.put(row, j, r_.sequence.is_reset(row, step) ? Vector<T>{} : grad_old);

    T* const to = r_.grad_gates.at(position) + j;
    for (T* const out : {to, grad_sums + j}) {
      store(out, grad_input, count);
      store(out + size, grad_forget, count);
      store(out + 2 * size, grad_candidate, count);
      store(out + 3 * size, grad_output, count);
    }
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> grad_hidden_;
  Carry<T> grad_cell_;
  Carry<T> grad_sums_[2];
  Carry<T> grad_peepholes_;
  PlainMatrix<T> projection_;
  Carry<T> grad_projected_;
  Carry<T> grad_shown_;
};

}  // namespace recurra::RECURRA_ISA
