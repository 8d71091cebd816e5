// The LSTM with layer normalisation (Ba, Kiros & Hinton 2016): a = LN(W x) + LN(U h) + b, h' = o tanh(LN(c')).
// What the inputs add, LN(W x) + b, is computed before.
#pragma once

#include <cstring>

#include "gate.hpp"
#include "moments.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
class LayerNormLstmForward {
 public:
  LayerNormLstmForward(const Recurrence<T>& r, Arena& arena, std::int64_t)
      : r_(r),
        weights_(arena, 4 * r.hidden, r.hidden),
        state_(r, arena),
        cell_(arena, r.sequence.batch, r.hidden),
        products_(arena, r.sequence.batch, 4 * r.hidden),
        fresh_(arena, r.sequence.batch, r.hidden),
        output_gate_(arena, r.sequence.batch, r.hidden) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, 1, r_.hidden, slice);
    state_.start(slice);
    cell_.start(r_.sequence, slice, r_.cell_first);
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Range sums_columns = columns_of<T>(4 * r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(false, [&](std::int64_t step, Range rows) {
      weights_.multiply(rows, sums_columns, state_.entering(step), state_.pitch, products_);
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) make_cells(slice, row, step, columns);
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) show(steps, slice, row, step, columns);
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
    cell_.finish(r_.sequence, slice, r_.cell_last);
  }

  void finish(std::int64_t) {}

 private:
  void make_cells(const Slice& slice, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const product = products_.row(row);
    const Moments<T> m = moments(product, 4 * size, r_.epsilon);
    const RowZoneout<T> zoneout(r_.zoneout_cell, r_.sequence.mark(row, step), size);
    const bool is_reset = r_.sequence.is_reset(row, step);
    const T* const gain = r_.gain_hh;
    T* const normals = r_.extra ? r_.extra.at(position) : nullptr;
    T* const cells = r_.cells ? r_.cells.at(position) : nullptr;
    T* const to = r_.gates.at(position);
    T* const cell = cell_.row(row);
    T* const fresh_cell = fresh_.row(row);
    T* const output_gate = output_gate_.row(row);
    if (normals != nullptr && slice.part == 0) normals[4 * size] = m.scale;
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      Vector<T> sums[4];
      for (int part = 0; part < 4; ++part) {
        const std::int64_t place = part * size + j;
        const Vector<T> normal = (load(product + place, count) - m.mean) * m.scale;
        if (normals != nullptr) store(normals + place, normal, count);
        sums[part] = fma(load(gain + place, count), normal, load(to + place, count));
      }
      const LstmGates<T> gate{sigmoid<T>(sums[0]), sigmoid<T>(sums[1]), tanh<T>(sums[2]), sigmoid<T>(sums[3])};
      const Vector<T> old = is_reset ? Vector<T>{} : load(cell + j);
      const Vector<T> fresh = lstm_cell(gate, old);
      const Vector<T> kept = zoneout.apply(j, count, old, fresh);
      store(fresh_cell + j, fresh);
      store(output_gate + j, gate.output_gate);
      store(cell + j, kept);
      if (cells == nullptr) return;
      store(cells + j, kept, count);
      store(to + j, gate.input_gate, count);
      store(to + size + j, gate.forget_gate, count);
      store(to + 2 * size + j, gate.candidate, count);
      store(to + 3 * size + j, gate.output_gate, count);
    });
  }

  void show(const Steps& steps, const Slice& slice, std::int64_t row, std::int64_t step, Range columns) {
    const T* const fresh_cell = fresh_.row(row);
    const Moments<T> m = moments(fresh_cell, r_.hidden, r_.epsilon);
    if (r_.extra && slice.part == 0) {
      T* const kept = r_.extra.at(r_.sequence.position(row, step)) + 4 * r_.hidden;
      kept[1] = m.mean;
      kept[2] = m.scale;
    }
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), r_.hidden);
    const auto state = state_.at(steps, row, step);
    const T* const gain = r_.gain_cell;
    const T* const bias = r_.bias_cell;
    const T* const output_gate = output_gate_.row(row);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> normal = (load(fresh_cell + j) - m.mean) * m.scale;
      const Vector<T> shown = fma(load(gain + j, count), normal, load(bias + j, count));
      const Vector<T> fresh = load(output_gate + j) * tanh<T>(shown);
      state.put(j, count, zoneout.apply(j, count, state.old(j), fresh));
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  HiddenState<T> state_;
  Carry<T> cell_;
  Carry<T> products_;
  Carry<T> fresh_;
  Carry<T> output_gate_;
};

template <class T>
class LayerNormLstmBackward {
 public:
  LayerNormLstmBackward(const Recurrence<T>& r, Arena& arena, std::int64_t slices)
      : r_(r),
        weights_(arena, r.hidden, 4 * r.hidden),
        sums_(arena, r.sequence.batch, r.hidden),
        grad_hidden_(arena, r.sequence.batch, r.hidden),
        grad_cell_(arena, r.sequence.batch, r.hidden),
        normal_(arena, r.sequence.batch, r.hidden),
        grad_normal_(arena, r.sequence.batch, r.hidden),
        grad_output_(arena, r.sequence.batch, r.hidden),
        grad_products_(arena, r.sequence.batch, 4 * r.hidden),
        gains_(arena, slices, 6 * rounded_up(r.hidden, kUnit<T>)) {}

  void prepare(const Slice& slice) {
    weights_.fill(r_.weight_hh, r_.hidden, 1, slice);
    grad_hidden_.start(r_.sequence, slice, r_.grad_hidden_last);
    grad_cell_.start(r_.sequence, slice, r_.grad_cell_last);
    std::memset(gains_.row(slice.number), 0, sizeof(T) * static_cast<std::size_t>(gains_.pitch()));
  }

  void run(const Slice& slice) {
    const Range columns = columns_of<T>(r_.hidden, slice);
    const Range sums_columns = columns_of<T>(4 * r_.hidden, slice);
    const Steps steps(r_.sequence, r_.reverse, slice);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back_output(slice, steps, row, step, columns);
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back_cell(slice, steps, row, step, columns);
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) walk_back_norm(row, step, sums_columns);
      slice.barrier->wait();
      weights_.multiply(rows, columns, rows_of(r_, r_.grad_products, step), r_.grad_products.pitch, sums_);
      carry_back(r_, rows, columns, step, sums_, grad_hidden_);
    });
    grad_hidden_.finish(r_.sequence, slice, r_.grad_hidden_first);
    grad_cell_.finish(r_.sequence, slice, r_.grad_cell_first);
  }

  void finish(std::int64_t slices) {
    const std::int64_t pitch = rounded_up(r_.hidden, kUnit<T>);
    for (std::int64_t slice = 0; slice < slices; ++slice)
      for (std::int64_t part = 0; part < 6; ++part)
        for (std::int64_t j = 0; j < r_.hidden; ++j)
          r_.grad_gains[part * r_.hidden + j] += gains_.row(slice)[part * pitch + j];
  }

 private:
  // Sums over rows and steps: four gains of U h, the gain and the bias of the cell.
  T* gains(const Slice& slice, std::int64_t part) {
    return gains_.row(slice.number) + part * rounded_up(r_.hidden, kUnit<T>);
  }

  static RECURRA_INLINE void add_up(T* total, Vector<T> a, Vector<T> b) { store(total, fma(a, b, load(total))); }

  void walk_back_output(const Slice& slice, const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const RowZoneout<T> zoneout(r_.zoneout_hidden, r_.sequence.mark(row, step), size);
    const Past<T> past(r_, steps, row, step);
    const T* const gates = r_.gates.at(position);
    const T mean = r_.extra.at(position)[4 * size + 1];
    const T scale = r_.extra.at(position)[4 * size + 2];
    const T* const gains_cell = r_.gain_cell;
    const T* const bias = r_.bias_cell;
    T* const grad_hidden = grad_hidden_.row(row);
    T* const grad_output = grad_output_.row(row);
    T* const normals = normal_.row(row);
    T* const grad_normals = grad_normal_.row(row);
    T* const grad_gain = gains(slice, 4);
    T* const grad_bias = gains(slice, 5);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      Vector<T> grad = load(grad_hidden + j) + past.grad_output(j, count);
      store(grad_hidden + j, zoneout.take(j, count, grad));
      const LstmGates<T> gate{load(gates + j, count), load(gates + size + j, count), load(gates + 2 * size + j, count),
                              load(gates + 3 * size + j, count)};
      const Vector<T> normal = (lstm_cell(gate, past.cell(j, count)) - mean) * scale;
      const Vector<T> gain = load(gains_cell + j, count);
      const Vector<T> shown = tanh<T>(fma(gain, normal, load(bias + j, count)));
      store(grad_output + j, grad * shown * gate.output_gate * (T(1) - gate.output_gate));
      const Vector<T> grad_shown = grad * gate.output_gate * (T(1) - shown * shown);
      add_up(grad_gain + j, grad_shown, normal);
      add_up(grad_bias + j, grad_shown, broadcast(T(1)));
      store(normals + j, normal);
      store(grad_normals + j, grad_shown * gain);
    });
  }

  void walk_back_cell(const Slice& slice, const Steps& steps, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const RowZoneout<T> zoneout(r_.zoneout_cell, r_.sequence.mark(row, step), size);
    const Past<T> past(r_, steps, row, step);
    const bool is_reset = r_.sequence.is_reset(row, step);
    const T* const gates = r_.gates.at(position);
    const T* const normal_products = r_.extra.at(position);
    const T* const gain = r_.gain_hh;
    const T* const grad_output = grad_output_.row(row);
    const T* const normals = normal_.row(row);
    const T* const grad_normals = grad_normal_.row(row);
    const T mean = sum_of(grad_normals, size) / static_cast<T>(size);
    const T slope = sum_of_products(grad_normals, normals, size) / static_cast<T>(size);
    const T scale = normal_products[4 * size + 2];
    const std::int64_t pitch = rounded_up(size, kUnit<T>);
    T* const grad_cells = grad_cell_.row(row);
    T* const grad_gains = gains(slice, 0);
    T* const grad_gates = r_.grad_gates.at(position);
    T* const grad_products = grad_products_.row(row);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      const Vector<T> input_gate = load(gates + j, count);
      const Vector<T> forget_gate = load(gates + size + j, count);
      const Vector<T> candidate = load(gates + 2 * size + j, count);
      const Vector<T> old = past.cell(j, count);
      Vector<T> grad_cell = load(grad_cells + j);
      const Vector<T> around = zoneout.take(j, count, grad_cell);
      grad_cell += (load(grad_normals + j) - mean - load(normals + j) * slope) * scale;
      const Vector<T> grads[4] = {
          grad_cell * candidate * input_gate * (T(1) - input_gate),
          grad_cell * old * forget_gate * (T(1) - forget_gate),
          grad_cell * input_gate * (T(1) - candidate * candidate),
          load(grad_output + j),
      };
      const Vector<T> grad_old = fma(grad_cell, forget_gate, around);
      store(grad_cells + j, is_reset ? Vector<T>{} : grad_old);
      for (int gate = 0; gate < 4; ++gate) {
        const std::int64_t place = gate * size + j;
        store(grad_gates + place, grads[gate], count);
        store(grad_products + place, grads[gate] * load(gain + place, count), count);
        add_up(grad_gains + gate * pitch + j, grads[gate], load(normal_products + place, count));
      }
    });
  }

  // Through the normalisation of U h.
  void walk_back_norm(std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = 4 * r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const normal = r_.extra.at(position);
    const T* const grads = grad_products_.row(row);
    const T mean = sum_of(grads, size) / static_cast<T>(size);
    const T slope = sum_of_products(grads, normal, size) / static_cast<T>(size);
    const T scale = normal[size];
    T* const to = r_.grad_products.at(position);
    for_vectors<T>(columns, [&](std::int64_t j, auto count) {
      store(to + j, (load(grads + j, count) - mean - load(normal + j, count) * slope) * scale, count);
    });
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> sums_;
  Carry<T> grad_hidden_;
  Carry<T> grad_cell_;
  Carry<T> normal_;
  Carry<T> grad_normal_;
  Carry<T> grad_output_;
  Carry<T> grad_products_;
  Carry<T> gains_;
};

}  // namespace recurra::RECURRA_ISA
