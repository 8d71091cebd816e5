// The LSTM, with peepholes (Gers, Schraudolph & Schmidhuber 2002) and a projection (Sak et al. 2014) where given:
//   i = σ(a_i + p_i c)  f = σ(a_f + p_f c)  g = tanh(a_g)  c' = f c + i g  o = σ(a_o + p_o c')  m = o tanh(c')
//   h' = m, or P m;  a = W x + b + U h
#pragma once

#include <algorithm>
#include <cstring>

#include "gate.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
class LstmForward {
 public:
  LstmForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, r.hidden, r.outputs_size),
        sums_(arena, r.sequence.batch, r.hidden),
        state_(r, arena),
        cell_(arena, r.sequence.batch, r.hidden),
        fresh_(arena, r.sequence.batch, r.hidden) {
    if (r.projection == nullptr) return;
    projection_ = PlainMatrix<T>(arena, r.outputs_size, r.hidden);
    shown_ = Carry<T>(arena, r.sequence.batch, r.hidden);
    projected_ = Carry<T>(arena, r.sequence.batch, r.outputs_size);
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
      weights_.multiply(rows, columns, state_.entering(step), state_.pitch, sums_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        // A unit is a chain of two activations. All cells of a row come first, so that neighbours' chains overlap.
        make_cells(row, step, columns);
        show(steps, row, step, columns);
      }
      slice.barrier->wait();
      if (r_.projection == nullptr) return;
      projection_.multiply(rows, outputs, shown_.row(0), shown_.pitch(), projected_);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) project(steps, row, step, outputs);
      slice.barrier->wait();
    });
    state_.finish(slice, outputs);
    cell_.finish(r_.sequence, slice, r_.cell_last);
  }

  void finish(std::int64_t) {}

 private:
  // The activated gates, but for the output gate, and the cell before zoneout.
  void make_cells(std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const T* const inputs = r_.gates.at(r_.sequence.position(row, step));
    const T* const peepholes = r_.peepholes;
    const auto sums = sums_.row(row);
    T* const cell = cell_.row(row);
    T* const fresh = fresh_.row(row);
    if (r_.sequence.is_reset(row, step)) std::fill(cell + columns.begin, cell + columns.end, T(0));
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> old = load(cell + j);
      Vector<T> input_sum = load(inputs + j, count) + sums.get(j, 0);
      Vector<T> forget_sum = load(inputs + size + j, count) + sums.get(j, 1);
      if (peepholes != nullptr) {
        input_sum = fma(load(peepholes + j, count), old, input_sum);
        forget_sum = fma(load(peepholes + size + j, count), old, forget_sum);
      }
      const Vector<T> candidate = tanh<T>(load(inputs + 2 * size + j, count) + sums.get(j, 2));
      const LstmGates<T> gate{sigmoid<T>(input_sum), sigmoid<T>(forget_sum), candidate, {}};
      sums.put(j, 0, gate.input_gate);
      sums.put(j, 1, gate.forget_gate);
      sums.put(j, 2, gate.candidate);
      store(fresh + j, lstm_cell(gate, old));
    });
  }

  // The output gate and what it shows of the cell, which is the output if nothing projects it.
  void show(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const std::int64_t mark = r_.sequence.mark(row, step);
    const T* const peepholes = r_.peepholes == nullptr ? nullptr : r_.peepholes + 2 * size;
    const RowZoneout<T> zoneout_cell(r_.zoneout_cell, mark, size), zoneout_hidden(r_.zoneout_hidden, mark, size);
    const auto sums = sums_.row(row);
    const auto state = state_.at(steps, row, step);
    const bool is_projected = r_.projection != nullptr;
    T* const gates = r_.gates.at(position);
    T* const cells = r_.cells ? r_.cells.at(position) : nullptr;
    T* const cell = cell_.row(row);
    const T* const fresh_cell = fresh_.row(row);
    T* const shown = is_projected ? shown_.row(row) : nullptr;
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> fresh = load(fresh_cell + j);
      Vector<T> output_sum = load(gates + 3 * size + j, count) + sums.get(j, 3);
      if (peepholes != nullptr) output_sum = fma(load(peepholes + j, count), fresh, output_sum);
      const Vector<T> output_gate = sigmoid<T>(output_sum);
      const Vector<T> value = output_gate * tanh<T>(fresh);
      const Vector<T> kept = zoneout_cell.apply(j, count, load(cell + j), fresh);
      store(cell + j, kept);
      if (cells != nullptr) {
        for (int gate = 0; gate < 3; ++gate) store(gates + gate * size + j, sums.get(j, gate), count);
        store(gates + 3 * size + j, output_gate, count);
        store(cells + j, kept, count);
      }
      if (is_projected)
        store(shown + j, value);
      else
        state.put(j, count, zoneout_hidden.apply(j, count, state.old(j), value));
    });
    if (is_projected && r_.extra)
      std::copy(shown + columns.begin, shown + columns.end, r_.extra.at(position) + columns.begin);
  }

  void project(const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), r_.outputs_size);
    const auto state = state_.at(steps, row, step);
    const T* const projected = projected_.row(row);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      state.put(j, count, zoneout.apply(j, count, state.old(j), load(projected + j)));
    });
  }

  const Recurrence<T>& r_;
  GateMatrix<T, 4> weights_;
  GateSums<T, 4> sums_;
  HiddenState<T> state_;
  Carry<T> cell_;
  Carry<T> fresh_;
  PlainMatrix<T> projection_;
  Carry<T> shown_;
  Carry<T> projected_;
};

template <class T>
class LstmBackward {
 public:
  LstmBackward(const Recurrence<T>& r, Arena& arena, std::int64_t slices)
      : r_(r),
        weights_(arena, r.outputs_size, 4 * r.hidden),
        sums_(arena, r.sequence.batch, r.outputs_size),
        grad_hidden_(arena, r.sequence.batch, r.outputs_size),
        grad_cell_(arena, r.sequence.batch, r.hidden) {
    if (r.peepholes != nullptr) grad_peepholes_ = Carry<T>(arena, slices, 3 * rounded_up(r.hidden, kUnit<T>));
    if (r.projection == nullptr) return;
    projection_ = PlainMatrix<T>(arena, r.hidden, r.outputs_size);
    grad_shown_ = Carry<T>(arena, r.sequence.batch, r.hidden);
  }

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, r_.outputs_size, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
    grad_cell_.start(r_.sequence, slice, r_.grad_cell_last);
    if (r_.peepholes != nullptr) std::memset(grad_peepholes_.row(slice.number), 0, sizeof(T) * grad_peepholes_.pitch());
    if (r_.projection == nullptr) return;
    projection_.fill(r_.projection, r_.hidden, 1, slice);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Range outputs = columns_of<T>(r_.outputs_size, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      if (r_.projection != nullptr) walk_back_projection(slice, steps, step, rows, columns, outputs);
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back(slice, steps, row, step, columns);
      slice.barrier->wait();
      weights_.multiply(rows, outputs, rows_of(r_, r_.grad_gates, step), r_.grad_gates.pitch, sums_);
      carry_back(r_, rows, outputs, step, sums_, grad_hidden_);
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
  // To the gradient of what the cell shows. What zoneout lets pass by stays in grad_hidden.
  void walk_back_projection(const Slice& slice, const Steps& steps, std::int64_t step, Range rows, Range columns,
                            Range outputs) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), r_.outputs_size);
      const Past<T> past(r_, steps, row, step);
      T* const grad_hidden = grad_hidden_.row(row);
      T* const to = r_.grad_products.at(r_.sequence.position(row, step));
      for_vectors<T>(outputs, [&](std::int64_t j, auto count) {
        Vector<T> grad = load(grad_hidden + j) + past.grad_output(j, count);
        store(grad_hidden + j, zoneout.take(j, count, grad));
        store(to + j, grad, count);
      });
    }
    slice.barrier->wait();
    projection_.multiply(rows, columns, rows_of(r_, r_.grad_products, step), r_.grad_products.pitch, grad_shown_);
  }

  void walk_back(const Slice& slice, const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const std::int64_t mark = r_.sequence.mark(row, step);
    const RowZoneout<T> zoneout_cell(r_.zoneout_cell, mark, size), zoneout_hidden(r_.zoneout_hidden, mark, size);
    const Past<T> past(r_, steps, row, step);
    const bool is_reset = r_.sequence.is_reset(row, step);
    const T* const gates = r_.gates.at(position);
    const T* const projected = r_.projection == nullptr ? nullptr : grad_shown_.row(row);
    const T* const peepholes = r_.peepholes;
    const std::int64_t pitch = rounded_up(size, kUnit<T>);
    T* const grad_peepholes = peepholes == nullptr ? nullptr : grad_peepholes_.row(slice.number);
    T* const grad_hidden = grad_hidden_.row(row);
    T* const grad_cells = grad_cell_.row(row);
    T* const to = r_.grad_gates.at(position);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> input_gate = load(gates + j, count);
      const Vector<T> forget_gate = load(gates + size + j, count);
      const Vector<T> candidate = load(gates + 2 * size + j, count);
      const Vector<T> output_gate = load(gates + 3 * size + j, count);
      const Vector<T> old = past.cell(j, count);
      const Vector<T> fresh = lstm_cell<T>({input_gate, forget_gate, candidate, output_gate}, old);
      const Vector<T> squashed = tanh<T>(fresh);

      Vector<T> grad_shown;
      if (projected != nullptr) {
        grad_shown = load(projected + j);
      } else {
        grad_shown = load(grad_hidden + j) + past.grad_output(j, count);
        store(grad_hidden + j, zoneout_hidden.take(j, count, grad_shown));
      }
      Vector<T> grad_cell = load(grad_cells + j);
      const Vector<T> around = zoneout_cell.take(j, count, grad_cell);
      const Vector<T> grad_output = grad_shown * squashed * output_gate * (T(1) - output_gate);
      grad_cell += grad_shown * output_gate * (T(1) - squashed * squashed);
      if (peepholes != nullptr) grad_cell = fma(load(peepholes + 2 * size + j, count), grad_output, grad_cell);
      const Vector<T> grad_input = grad_cell * candidate * input_gate * (T(1) - input_gate);
      const Vector<T> grad_forget = grad_cell * old * forget_gate * (T(1) - forget_gate);
      const Vector<T> grad_candidate = grad_cell * input_gate * (T(1) - candidate * candidate);
      Vector<T> grad_old = fma(grad_cell, forget_gate, around);
      if (peepholes != nullptr) {
        grad_old = fma(load(peepholes + j, count), grad_input, grad_old);
        grad_old = fma(load(peepholes + size + j, count), grad_forget, grad_old);
        T* const total = grad_peepholes + j;
        store(total, fma(grad_input, old, load(total)));
        store(total + pitch, fma(grad_forget, old, load(total + pitch)));
        store(total + 2 * pitch, fma(grad_output, fresh, load(total + 2 * pitch)));
      }
      store(grad_cells + j, is_reset ? Vector<T>{} : grad_old);
      store(to + j, grad_input, count);
      store(to + size + j, grad_forget, count);
      store(to + 2 * size + j, grad_candidate, count);
      store(to + 3 * size + j, grad_output, count);
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> sums_;
  Carry<T> grad_hidden_;
  Carry<T> grad_cell_;
  Carry<T> grad_peepholes_;
  PlainMatrix<T> projection_;
  Carry<T> grad_shown_;
};

}  // namespace recurra::RECURRA_ISA
