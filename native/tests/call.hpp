// Calling the engine as its binding does, with memory in which every number that nobody wrote is NaN.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "engine.hpp"
#include "rows.hpp"
#include "problem.hpp"

namespace recurra::test {

// Exactly as many numbers as are asked for, so that a sanitizer sees who goes past them.
template <class T>
class Memory {
 public:
  explicit Memory(std::int64_t size, T value = std::numeric_limits<T>::quiet_NaN())
      : size_(size), data_(new T[static_cast<std::size_t>(size)]) {
    std::fill_n(data_.get(), size, value);
  }
  explicit Memory(const Values& values) : Memory(static_cast<std::int64_t>(values.size())) {
    for (std::size_t i = 0; i < values.size(); ++i) data_[i] = static_cast<T>(values[i]);
  }

  T* data() const { return size_ == 0 ? nullptr : data_.get(); }
  std::int64_t size() const { return size_; }
  T& operator[](std::int64_t place) const { return data_[static_cast<std::size_t>(place)]; }

 private:
  std::int64_t size_;
  std::unique_ptr<T[]> data_;
};

// Rows in which the directions lie side by side, with room behind them that nobody may touch.
template <class T>
struct Table {
  Table(std::int64_t count, std::int64_t directions, std::int64_t columns)
      : width(columns), pitch(directions * columns + 3), memory(columns == 0 ? 0 : count * pitch) {}

  Rows<T> of(std::size_t direction) const {
    return {width == 0 ? nullptr : memory.data() + static_cast<std::int64_t>(direction) * width, pitch};
  }
  T& at(std::size_t direction, std::int64_t row, std::int64_t column) const {
    return memory[row * pitch + static_cast<std::int64_t>(direction) * width + column];
  }
  bool margin_is_untouched() const {
    if (width == 0) return true;
    for (std::int64_t row = 0; row < memory.size() / pitch; ++row)
      for (std::int64_t column = pitch - 3; column < pitch; ++column)
        if (!std::isnan(memory[row * pitch + column])) return false;
    return true;
  }

  std::int64_t width;
  std::int64_t pitch;
  Memory<T> memory;
};

struct Manner {
  int threads = 1;
  bool time_major = false;
  bool has_lengths = true;
  bool saves = true;
  bool (*interrupted)() = nullptr;
};

// One call of the engine, forward and, if wanted, back.
template <class T>
class Call {
 public:
  Call(const std::vector<Problem>& problems, const Manner& manner)
      : problems_(problems),
        manner_(manner),
        layout_(first().batch, first().steps, manner.has_lengths ? first().lengths.data() : nullptr,
                manner.time_major),
        index_(static_cast<std::size_t>(layout_.positions())),
        gates_(table(layout_.positions(), first().width())),
        outputs_(table(first().batch * first().steps, first().outputs)),
        cells_(table(layout_.positions(), manner.saves && first().has_cell() ? first().hidden : 0)),
        extra_(table(layout_.positions(), manner.saves ? extra_width() : 0)) {
    const Sequence& sequence = layout_.sequence();
    for (std::int64_t step = 0; step < sequence.steps; ++step)
      for (std::int64_t row = 0; row < sequence.rows[step]; ++row)
        index_[size(sequence.position(row, step))] = sequence.padded(row, step);
    for (std::size_t d = 0; d < problems.size(); ++d) add(d, problems[d]);
    fill(gates_, &Problem::gates);
  }

  bool run_forward() {
    return run_pass(first().cell, false, directions_, manner_.threads, manner_.interrupted);
  }

  bool run_backward() {
    const Problem& p = first();
    grad_outputs_ = std::make_unique<Table<T>>(table(p.batch * p.steps, p.outputs));
    grad_gates_ = std::make_unique<Table<T>>(table(layout_.positions(), p.cell == kGru ? 4 * p.hidden : p.width()));
    grad_products_ = std::make_unique<Table<T>>(table(layout_.positions(), products_width()));
    for (std::int64_t position = 0; position < layout_.positions(); ++position)
      for (std::size_t d = 0; d < problems_.size(); ++d)
        for (std::int64_t j = 0; j < p.outputs && !problems_[d].grad_outputs.empty(); ++j)
          grad_outputs_->at(d, place(position), j) =
              static_cast<T>(problems_[d].grad_outputs[size(mark(position) * p.outputs + j)]);
    for (std::size_t d = 0; d < problems_.size(); ++d) add_gradients(d, problems_[d]);
    return run_pass(p.cell, true, directions_, manner_.threads, manner_.interrupted);
  }

  // By the names of the naive solution.
  std::map<std::string, std::vector<T>> forward_results(std::size_t d) const {
    const Problem& p = problems_[d];
    std::map<std::string, std::vector<T>> results;
    std::vector<T>& outputs = results["outputs"];
    outputs.assign(size(p.batch * p.steps * p.outputs), T(0));
    for (std::int64_t row = 0; row < p.batch; ++row)
      for (std::int64_t step = 0; step < p.steps; ++step)
        for (std::int64_t j = 0; j < p.outputs; ++j) {
          const T value = outputs_.at(d, manner_.time_major ? step * p.batch + row : row * p.steps + step, j);
          if (step < p.lengths[size(row)])
            outputs[size((row * p.steps + step) * p.outputs + j)] = value;
          else
            check(std::isnan(value), "an output was written into the padding");
        }
    results["hidden_last"] = last_of("hidden_last", d);
    if (p.has_cell()) results["cell_last"] = last_of("cell_last", d);
    check(outputs_.margin_is_untouched() && gates_.margin_is_untouched() && cells_.margin_is_untouched() &&
              extra_.margin_is_untouched(),
          "something was written behind a row");
    return results;
  }

  Solution backward_results(std::size_t d) {
    const Problem& p = problems_[d];
    const Memory<T> entering(layout_.positions() * p.outputs);
    gather_entering(directions_[d], Rows<T>{entering.data(), p.outputs}, manner_.threads);
    Solution results;
    Values& gates = results["grad_gates"];
    gates.assign(p.gates.size(), 0);
    for (std::int64_t position = 0; position < layout_.positions(); ++position)
      for (std::int64_t j = 0; j < p.width(); ++j)
        gates[size(mark(position) * p.width() + j)] = grad_gates_->at(d, position, j);
    results["grad_weight_hh"] = grad_weight_hh(d, entering);
    if (!p.projection.empty())
      results["grad_projection"] = outer(p.outputs, p.hidden, column(*grad_products_, d), column(extra_, d));
    if (!p.bias_candidate.empty())
      results["grad_bias_candidate"] =
          outer(p.hidden, 1, column(*grad_gates_, d, 3 * p.hidden), [](std::int64_t, std::int64_t) { return T(1); });
    for (const auto& [name, memory] : sums_[d]) results[name].assign(memory.data(), memory.data() + memory.size());
    check(grad_gates_->margin_is_untouched() && grad_products_->margin_is_untouched(),
          "a gradient was written behind a row");
    return results;
  }

 private:
  static std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

  const Problem& first() const { return problems_.front(); }
  Table<T> table(std::int64_t rows, std::int64_t width) const {
    return Table<T>(rows, static_cast<std::int64_t>(problems_.size()), width);
  }
  std::int64_t extra_width() const {
    const Problem& p = first();
    if (p.cell == kLayerNormLstm) return 4 * p.hidden + 3;
    return p.cell == kElman || (p.cell == kLstm && p.projection.empty()) ? 0 : p.hidden;
  }
  std::int64_t products_width() const {
    if (first().cell == kLayerNormLstm) return 4 * first().hidden;
    return first().projection.empty() ? 0 : first().outputs;
  }

  // Where a position is in padded tensors, and which row and step it is.
  std::int64_t place(std::int64_t position) const { return index_[size(position)]; }
  std::int64_t mark(std::int64_t position) const {
    const std::int64_t at = place(position);
    return manner_.time_major ? at % first().batch * first().steps + at / first().batch : at;
  }

  void fill(const Table<T>& to, Values Problem::*member) {
    for (std::int64_t position = 0; position < layout_.positions(); ++position)
      for (std::size_t d = 0; d < problems_.size(); ++d)
        for (std::int64_t j = 0; j < to.width; ++j)
          to.at(d, position, j) = static_cast<T>((problems_[d].*member)[size(mark(position) * to.width + j)]);
  }

  const T* given(const Values& values) {
    given_.emplace_back(values);
    return given_.back().data();
  }

  T* result(std::size_t d, const std::string& name, std::int64_t count, T value) {
    return sums_[d].emplace(name, Memory<T>(count, value)).first->second.data();
  }

  void add(std::size_t d, const Problem& p) {
    Recurrence<T> r;
    r.sequence = layout_.sequence();
    r.sequence.resets = p.resets.empty() ? nullptr : p.resets.data();
    r.reverse = p.reverse;
    r.nonlinearity = p.nonlinearity;
    r.hidden = p.hidden;
    r.outputs_size = p.outputs;
    r.epsilon = p.epsilon;
    r.weight_hh = given(p.weight_hh);
    r.bias_candidate = given(p.bias_candidate);
    r.peepholes = given(p.peepholes);
    r.projection = given(p.projection);
    r.gain_hh = given(p.gain_hh);
    r.gain_cell = given(p.gain_cell);
    r.bias_cell = given(p.bias_cell);
    r.hidden_first = given(p.hidden_first);
    r.cell_first = given(p.cell_first);
    r.mask = given(p.mask);
    r.zoneout_hidden = {p.kept_hidden.empty() ? nullptr : p.kept_hidden.data(), p.rate_hidden};
    r.zoneout_cell = {p.kept_cell.empty() ? nullptr : p.kept_cell.data(), p.rate_cell};
    r.gates = gates_.of(d);
    r.outputs = outputs_.of(d);
    r.cells = cells_.of(d);
    r.extra = extra_.of(d);
    sums_.emplace_back();
    const T nobody = std::numeric_limits<T>::quiet_NaN();
    r.hidden_last = result(d, "hidden_last", p.batch * p.outputs, nobody);
    if (p.has_cell()) r.cell_last = result(d, "cell_last", p.batch * p.hidden, nobody);
    directions_.push_back(r);
  }

  void add_gradients(std::size_t d, const Problem& p) {
    Recurrence<T>& r = directions_[d];
    const Rows<T> grads = grad_outputs_->of(d);
    if (!p.grad_outputs.empty()) r.grad_outputs = {grads.data, grads.pitch};
    r.grad_hidden_last = given(p.grad_hidden_last);
    r.grad_cell_last = given(p.grad_cell_last);
    r.grad_gates = grad_gates_->of(d);
    r.grad_products = grad_products_->of(d);
    sums_[d].clear();
    const T nobody = std::numeric_limits<T>::quiet_NaN();
    r.hidden_last = r.cell_last = nullptr;
    r.grad_hidden_first = result(d, "grad_hidden_first", p.batch * p.outputs, nobody);
    if (p.has_cell()) r.grad_cell_first = result(d, "grad_cell_first", p.batch * p.hidden, nobody);
    if (!p.peepholes.empty()) r.grad_peepholes = result(d, "grad_peepholes", 3 * p.hidden, T(0));
    if (p.cell == kLayerNormLstm) r.grad_gains = result(d, "grad_gains", 6 * p.hidden, T(0));
  }

  std::vector<T> last_of(const std::string& name, std::size_t d) const {
    const Memory<T>& memory = sums_[d].at(name);
    return std::vector<T>(memory.data(), memory.data() + memory.size());
  }

  static auto column(const Table<T>& table, std::size_t d, std::int64_t first = 0) {
    return [&table, d, first](std::int64_t position, std::int64_t j) { return table.at(d, position, first + j); };
  }

  // The sum over positions of the outer products of two rows.
  template <class A, class B>
  Values outer(std::int64_t rows, std::int64_t columns, A a, B b) const {
    Values result(size(rows * columns), 0);
    for (std::int64_t position = 0; position < layout_.positions(); ++position)
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j)
          result[size(i * columns + j)] += static_cast<Real>(a(position, i)) * static_cast<Real>(b(position, j));
    return result;
  }

  Values grad_weight_hh(std::size_t d, const Memory<T>& entering) const {
    const Problem& p = problems_[d];
    const auto seen = [&](std::int64_t position, std::int64_t j) { return entering[position * p.outputs + j]; };
    if (p.cell == kLayerNormLstm) return outer(p.width(), p.outputs, column(*grad_products_, d), seen);
    if (p.cell != kGru && p.cell != kGruResetBefore)
      return outer(p.width(), p.outputs, column(*grad_gates_, d), seen);
    Values gates = outer(2 * p.hidden, p.hidden, column(*grad_gates_, d), seen);
    const Values candidate =
        p.cell == kGru ? outer(p.hidden, p.hidden, column(*grad_gates_, d, 3 * p.hidden), seen)
                       : outer(p.hidden, p.hidden, column(*grad_gates_, d, 2 * p.hidden), column(extra_, d));
    gates.insert(gates.end(), candidate.begin(), candidate.end());
    return gates;
  }

  const std::vector<Problem>& problems_;
  Manner manner_;
  Layout layout_;
  std::vector<std::int64_t> index_;
  Table<T> gates_, outputs_, cells_, extra_;
  std::unique_ptr<Table<T>> grad_outputs_, grad_gates_, grad_products_;
  std::vector<Memory<T>> given_;
  std::vector<std::map<std::string, Memory<T>>> sums_;
  std::vector<Recurrence<T>> directions_;
};

}  // namespace recurra::test
