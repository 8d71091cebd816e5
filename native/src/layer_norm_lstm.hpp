// The LSTM with layer normalisation (Ba, Kiros & Hinton 2016): a = LN(W x) + LN(U h) + b, h' = o tanh(LN(c')).
// What the inputs add, LN(W x) + b, is computed before.
#pragma once

#include "gate.hpp"
#include "steps.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
struct Moments {
  T mean;
  T scale;  // 1 / sqrt(variance + epsilon)
};

template <class T>
inline T square_root(T value) {
  if constexpr (sizeof(T) == 4)
    return __builtin_sqrtf(value);
  else
    return __builtin_sqrt(value);
}

template <class T>
inline T sum_of(const T* values, std::int64_t size) {
  Vector<T> total{};
  for (std::int64_t j = 0; j < size; j += kLanes<T>) total += load(values + j, size - j);
  return sum<T>(total);
}

template <class T>
inline T sum_of_products(const T* a, const T* b, std::int64_t size) {
  Vector<T> total{};
  for (std::int64_t j = 0; j < size; j += kLanes<T>) total = fma(load(a + j, size - j), load(b + j, size - j), total);
  return sum<T>(total);
}

template <class T>
inline Moments<T> moments(const T* values, std::int64_t size, double epsilon) {
  const T mean = sum_of(values, size) / static_cast<T>(size);
  Vector<T> squares{};
  for (std::int64_t j = 0; j < size; j += kLanes<T>) {
    Vector<T> centred = load(values + j, size - j) - mean;
    if (size - j < kLanes<T>) {
      T kept[kLanes<T>] = {};
      store(kept, centred, size - j);
      centred = load(kept);
    }
    squares = fma(centred, centred, squares);
  }
  const T variance = sum<T>(squares) / static_cast<T>(size);
  return {mean, T(1) / square_root(variance + static_cast<T>(epsilon))};
}

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
      weights_.multiply(rows, sums_columns, state_.entering(step), state_.pitch,
                        [&](std::int64_t row, std::int64_t j, Vector<T> sums) { products_.put(row, j, sums); });
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        const Moments<T> m = moments(products_.row(row), 4 * r_.hidden, r_.epsilon);
        if (r_.extra && slice.part == 0) r_.extra.at(r_.sequence.position(row, step))[4 * r_.hidden] = m.scale;
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>) gate_unit(row, step, j, m);
      }
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        const Moments<T> m = moments(fresh_.row(row), r_.hidden, r_.epsilon);
        if (r_.extra && slice.part == 0) {
          T* const kept = r_.extra.at(r_.sequence.position(row, step)) + 4 * r_.hidden;
          kept[1] = m.mean;
          kept[2] = m.scale;
        }
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>) output_unit(steps, row, step, j, m);
      }
      slice.barrier->wait();
    });
    state_.finish(slice, columns);
    cell_.finish(r_.sequence, slice, r_.cell_last);
  }

  void finish(std::int64_t) {}

 private:
  RECURRA_INLINE void gate_unit(std::int64_t row, std::int64_t step, std::int64_t j, Moments<T> m) {
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const product = products_.row(row) + j;
    T* const to = r_.gates.at(position) + j;
    Vector<T> sums[4];
    for (int gate = 0; gate < 4; ++gate) {
      const Vector<T> normal = (load(product + gate * size, count) - m.mean) * m.scale;
      if (r_.extra) store(r_.extra.at(position) + gate * size + j, normal, count);
      sums[gate] = fma(load(r_.gain_hh + gate * size + j, count), normal, load(to + gate * size, count));
    }
    const LstmGates<T> gate{sigmoid<T>(sums[0]), sigmoid<T>(sums[1]), tanh<T>(sums[2]), sigmoid<T>(sums[3])};
    const Vector<T> old = r_.sequence.is_reset(row, step) ? Vector<T>{} : cell_.get(row, j);
    const Vector<T> fresh = lstm_cell(gate, old);
    fresh_.put(row, j, fresh);
    output_gate_.put(row, j, gate.output_gate);
    const Vector<T> cell = zoned_out<T>(r_.zoneout_cell, r_.sequence.mark(row, step) * size + j, count, old, fresh);
    cell_.put(row, j, cell);
    if (!r_.cells) return;
    store(r_.cells.at(position) + j, cell, count);
    store(to, gate.input_gate, count);
    store(to + size, gate.forget_gate, count);
    store(to + 2 * size, gate.candidate, count);
    store(to + 3 * size, gate.output_gate, count);
  }

  RECURRA_INLINE void output_unit(const Steps& steps, std::int64_t row, std::int64_t step, std::int64_t j,
                                  Moments<T> m) {
    const std::int64_t count = r_.hidden - j;
    const Vector<T> normal = (fresh_.get(row, j) - m.mean) * m.scale;
    const Vector<T> shown = fma(load(r_.gain_cell + j, count), normal, load(r_.bias_cell + j, count));
    const Vector<T> fresh = output_gate_.get(row, j) * tanh<T>(shown);
    const std::int64_t mark = r_.sequence.mark(row, step) * r_.hidden + j;
    state_.put(steps, row, step, j, zoned_out<T>(r_.zoneout_hidden, mark, count, state_.hidden(row, j), fresh));
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
        grad_hidden_(arena, r.sequence.batch, r.hidden),
        grad_cell_(arena, r.sequence.batch, r.hidden),
        normal_(arena, r.sequence.batch, r.hidden),
        grad_normal_(arena, r.sequence.batch, r.hidden),
        grad_output_(arena, r.sequence.batch, r.hidden),
        grad_products_(arena, r.sequence.batch, 4 * r.hidden),
        gains_(arena, slices, 6 * rounded_up(r.hidden, kUnit<T>)) {
    for (Carry<T>& copy : grad_sums_) copy = Carry<T>(arena, r.sequence.batch, 4 * r.hidden);
  }

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
    const Past<T> past(r_, steps);
    const T units = static_cast<T>(r_.hidden);
    steps.walk(true, [&](std::int64_t step, Range rows) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>) output_unit(slice, past, row, step, j);
      slice.barrier->wait();
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        const T mean = sum_of(grad_normal_.row(row), r_.hidden) / units;
        const T slope = sum_of_products(grad_normal_.row(row), normal_.row(row), r_.hidden) / units;
        for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>)
          gate_unit(slice, past, row, step, j, mean, slope);
      }
      slice.barrier->wait();
      Carry<T>& grad_sums = grad_sums_[step & 1];
      for (std::int64_t row = rows.begin; row < rows.end; ++row) normalized_unit(grad_sums, row, step, sums_columns);
      slice.barrier->wait();
      weights_.multiply(rows, columns, grad_sums.data(), grad_sums.pitch(),
                        [&](std::int64_t row, std::int64_t j, Vector<T> sums) {
                          const Vector<T> before = fma(past.mask(row, j), sums, grad_hidden_.get(row, j));
                          grad_hidden_.put(row, j, r_.sequence.is_reset(row, step) ? Vector<T>{} : before);
                        });
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
  RECURRA_INLINE void add_up(const Slice& slice, std::int64_t part, std::int64_t j, Vector<T> a, Vector<T> b) {
    T* const total = gains_.row(slice.number) + part * rounded_up(r_.hidden, kUnit<T>) + j;
    store(total, fma(a, b, load(total)));
  }

  RECURRA_INLINE Vector<T> fresh_cell(const Past<T>& past, std::int64_t row, std::int64_t step, std::int64_t j) const {
    const T* const gates = r_.gates.at(r_.sequence.position(row, step)) + j;
    const std::int64_t count = r_.hidden - j;
    const LstmGates<T> gate{load(gates, count), load(gates + r_.hidden, count), load(gates + 2 * r_.hidden, count), {}};
    return lstm_cell(gate, past.cell(row, step, j));
  }

  RECURRA_INLINE void output_unit(const Slice& slice, const Past<T>& past, std::int64_t row, std::int64_t step,
                                  std::int64_t j) {
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    Vector<T> grad = grad_hidden_.get(row, j) + past.grad_output(row, step, j);
    Vector<T> around{};
    if (r_.zoneout_hidden) {
      around = grad * kept_share<T>(r_.zoneout_hidden, r_.sequence.mark(row, step) * size + j, count);
      grad -= around;
    }
    grad_hidden_.put(row, j, around);
    const T* const kept = r_.extra.at(position) + 4 * size;
    const Vector<T> normal = (fresh_cell(past, row, step, j) - kept[1]) * kept[2];
    const Vector<T> gain = load(r_.gain_cell + j, count);
    const Vector<T> shown = tanh<T>(fma(gain, normal, load(r_.bias_cell + j, count)));
    const Vector<T> output_gate = load(r_.gates.at(position) + 3 * size + j, count);
    grad_output_.put(row, j, grad * shown * output_gate * (T(1) - output_gate));
    const Vector<T> grad_shown = grad * output_gate * (T(1) - shown * shown);
    add_up(slice, 4, j, grad_shown, normal);
    add_up(slice, 5, j, grad_shown, broadcast(T(1)));
    normal_.put(row, j, normal);
    grad_normal_.put(row, j, grad_shown * gain);
  }

  RECURRA_INLINE void gate_unit(const Slice& slice, const Past<T>& past, std::int64_t row, std::int64_t step,
                                std::int64_t j, T mean, T slope) {
    const std::int64_t size = r_.hidden;
    const std::int64_t count = size - j;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const gates = r_.gates.at(position) + j;
    const Vector<T> input_gate = load(gates, count);
    const Vector<T> forget_gate = load(gates + size, count);
    const Vector<T> candidate = load(gates + 2 * size, count);
    const Vector<T> old = past.cell(row, step, j);
    Vector<T> grad_cell = grad_cell_.get(row, j);
    Vector<T> around{};
    if (r_.zoneout_cell) {
      around = grad_cell * kept_share<T>(r_.zoneout_cell, r_.sequence.mark(row, step) * size + j, count);
      grad_cell -= around;
    }
    const T scale = r_.extra.at(position)[4 * size + 2];
    grad_cell += (grad_normal_.get(row, j) - mean - normal_.get(row, j) * slope) * scale;
    const Vector<T> grads[4] = {
        grad_cell * candidate * input_gate * (T(1) - input_gate),
        grad_cell * old * forget_gate * (T(1) - forget_gate),
        grad_cell * input_gate * (T(1) - candidate * candidate),
        grad_output_.get(row, j),
    };
    const Vector<T> grad_old = fma(grad_cell, forget_gate, around);
    grad_cell_.put(row, j, r_.sequence.is_reset(row, step) ? Vector<T>{} : grad_old);
    const T* const normal = r_.extra.at(position) + j;
    for (int gate = 0; gate < 4; ++gate) {
      store(r_.grad_gates.at(position) + gate * size + j, grads[gate], count);
      store(grad_products_.row(row) + gate * size + j, grads[gate] * load(r_.gain_hh + gate * size + j, count), count);
      add_up(slice, gate, j, grads[gate], load(normal + gate * size, count));
    }
  }

  // Through the normalisation of U h.
  RECURRA_INLINE void normalized_unit(Carry<T>& grad_sums, std::int64_t row, std::int64_t step, Range columns) {
    const std::int64_t size = 4 * r_.hidden;
    const std::int64_t position = r_.sequence.position(row, step);
    const T* const normal = r_.extra.at(position);
    const T* const grads = grad_products_.row(row);
    const T mean = sum_of(grads, size) / static_cast<T>(size);
    const T slope = sum_of_products(grads, normal, size) / static_cast<T>(size);
    const T scale = normal[size];
    for (std::int64_t j = columns.begin; j < columns.end; j += kLanes<T>) {
      const std::int64_t count = size - j;
      const Vector<T> grad = (load(grads + j, count) - mean - load(normal + j, count) * slope) * scale;
      store(r_.grad_products.at(position) + j, grad, count);
      store(grad_sums.row(row) + j, grad, count);
    }
  }

  const Recurrence<T>& r_;
  PlainMatrix<T> weights_;
  Carry<T> grad_hidden_;
  Carry<T> grad_cell_;
  Carry<T> normal_;
  Carry<T> grad_normal_;
  Carry<T> grad_output_;
  Carry<T> grad_products_;
  Carry<T> gains_;
  Carry<T> grad_sums_[2];
};

}  // namespace recurra::RECURRA_ISA
