// The cells as their equations read, one number after another, and their exact gradients.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "recurrence.hpp"
#include "tape.hpp"

namespace recurra::test {

constexpr std::int64_t kGates[kCells] = {1, 4, 3, 3, 4};

// One direction of a layer. Tensors are in the caller's order, row-major; those that are left out are empty.
struct Problem {
  Cell cell = kElman;
  Nonlinearity nonlinearity = kTanh;
  bool reverse = false;
  std::int64_t batch = 0, steps = 0, hidden = 0, outputs = 0;
  std::vector<std::int64_t> lengths;  // (batch)
  std::vector<std::uint8_t> resets;   // (batch, steps)
  Values gates;                       // (batch, steps, gates H): what the inputs add
  Values weight_hh, bias_candidate, peepholes, projection, gain_hh, gain_cell, bias_cell;
  Values hidden_first, cell_first, mask;
  std::vector<std::uint8_t> kept_hidden, kept_cell;  // (batch, steps, P), (batch, steps, H)
  double rate_hidden = 0, rate_cell = 0, epsilon = 0;
  Values grad_outputs, grad_hidden_last, grad_cell_last;

  bool has_cell() const { return cell == kLstm || cell == kLayerNormLstm; }
  std::int64_t width() const { return kGates[cell] * hidden; }
};

// Results by name: "outputs" (batch, steps, P), "hidden_last", "cell_last"; gradients: "grad_" and the argument.
using Solution = std::map<std::string, Values>;

class Naive {
 public:
  explicit Naive(Problem& problem) : p_(problem), t_(tape()) {
    t_.clear();
    for (const auto& [name, values] : arguments()) leaves_[name] = t_.given(*values);
  }

  Solution solve() {
    Solution solution;
    Values& outputs = solution["outputs"];
    outputs.assign(size(p_.batch * p_.steps * p_.outputs), 0);
    for (std::int64_t row = 0; row < p_.batch; ++row) run(row, outputs);
    for (const auto& [name, numbers] : last_)
      for (const Number number : numbers) solution[name].push_back(t_.value(number));
    const Values grads = t_.gradients(weights_);
    for (const auto& [name, values] : arguments()) {
      const auto first = grads.begin() + leaves_[name].place;
      solution["grad_" + name].assign(first, first + static_cast<std::ptrdiff_t>(values->size()));
    }
    return solution;
  }

 private:
  using Numbers = std::vector<Number>;

  static Tape& tape() {
    static Tape one;
    return one;
  }
  static std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

  std::vector<std::pair<std::string, Values*>> arguments() {
    return {{"gates", &p_.gates},           {"weight_hh", &p_.weight_hh},   {"bias_candidate", &p_.bias_candidate},
            {"peepholes", &p_.peepholes},   {"projection", &p_.projection}, {"gain_hh", &p_.gain_hh},
            {"gain_cell", &p_.gain_cell},   {"bias_cell", &p_.bias_cell},   {"hidden_first", &p_.hidden_first},
            {"cell_first", &p_.cell_first}, {"mask", &p_.mask}};
  }

  Number at(const char* name, std::int64_t place) {
    return {leaves_[name].place + static_cast<std::int32_t>(place)};
  }

  void run(std::int64_t row, Values& outputs) {
    Numbers hidden = rows_of("hidden_first", row, p_.outputs);
    Numbers cell = p_.has_cell() ? rows_of("cell_first", row, p_.hidden) : Numbers{};
    const std::int64_t length = p_.lengths[size(row)];
    for (std::int64_t number = 0; number < length; ++number) {
      const std::int64_t step = p_.reverse ? length - 1 - number : number;
      mark_ = row * p_.steps + step;
      if (!p_.resets.empty() && p_.resets[size(mark_)] != 0) {
        for (Number& one : hidden) one = t_.constant(0);
        for (Number& one : cell) one = t_.constant(0);
      }
      auto [fresh_hidden, fresh_cell] = advance(row, hidden, cell);
      hidden = mixed(hidden, fresh_hidden, p_.kept_hidden, p_.rate_hidden);
      cell = mixed(cell, fresh_cell, p_.kept_cell, p_.rate_cell);
      for (std::int64_t j = 0; j < p_.outputs; ++j) {
        const std::size_t place = size(mark_ * p_.outputs + j);
        outputs[place] = t_.value(hidden[size(j)]);
        if (!p_.grad_outputs.empty()) weights_.emplace_back(hidden[size(j)], p_.grad_outputs[place]);
      }
    }
    keep("hidden_last", hidden, p_.grad_hidden_last);
    if (p_.has_cell()) keep("cell_last", cell, p_.grad_cell_last);
  }

  void keep(const char* name, const Numbers& last, const Values& grads) {
    Numbers& all = last_[name];
    for (const Number number : last) {
      if (!grads.empty()) weights_.emplace_back(number, grads[all.size()]);
      all.push_back(number);
    }
  }

  Numbers rows_of(const char* name, std::int64_t row, std::int64_t width) {
    Numbers numbers;
    for (std::int64_t j = 0; j < width; ++j) numbers.push_back(at(name, row * width + j));
    return numbers;
  }

  Numbers mixed(const Numbers& old, const Numbers& fresh, const std::vector<std::uint8_t>& kept, double rate) {
    Numbers result = fresh;
    for (std::size_t j = 0; j < fresh.size(); ++j) {
      const bool has_mask = !kept.empty();
      const double share = has_mask ? kept[size(mark_) * fresh.size() + j] : rate;
      result[j] = t_.add(t_.scale(old[j], share), t_.scale(fresh[j], 1 - static_cast<Real>(share)));
    }
    return result;
  }

  // Copies that lie one behind the other, as dot products take them.
  Number in_a_row(const Numbers& numbers) {
    Number first;
    for (const Number number : numbers) {
      const Number copy = t_.scale(number, 1);
      if (first.place < 0) first = copy;
    }
    return first;
  }

  // Matrix (…, depth), from row `begin` on, times numbers that lie in a row.
  Number product(const char* matrix, std::int64_t row, Number right, std::int64_t depth) {
    return t_.dot(at(matrix, row * depth), right, depth);
  }

  std::pair<Numbers, Numbers> advance(std::int64_t row, const Numbers& hidden, const Numbers& cell) {
    Numbers entering = hidden;
    if (!p_.mask.empty())
      for (std::int64_t j = 0; j < p_.outputs; ++j)
        entering[size(j)] = t_.multiply(hidden[size(j)], at("mask", row * p_.outputs + j));
    if (p_.cell == kElman) return {elman(entering), {}};
    if (p_.cell == kGru || p_.cell == kGruResetBefore) return {gru(entering, hidden), {}};
    return lstm(entering, cell);
  }

  Number gate(std::int64_t column) { return at("gates", mark_ * p_.width() + column); }

  Numbers elman(const Numbers& entering) {
    const Number right = in_a_row(entering);
    Numbers result;
    for (std::int64_t j = 0; j < p_.hidden; ++j) {
      Number recurrent = product("weight_hh", j, right, p_.hidden);
      Number sum = t_.add(gate(j), recurrent);
      if (p_.nonlinearity == kRelu && std::fabs(t_.value(sum)) < 1e-3L) {  // the slope must not depend on rounding
        Real& given = p_.gates[size(mark_ * p_.width() + j)];
        given = static_cast<float>(given + 0.01L);
        t_.change(gate(j), given);
        sum = t_.add(gate(j), recurrent);
      }
      if (p_.nonlinearity == kTanh) sum = t_.tanh(sum);
      if (p_.nonlinearity == kRelu) sum = t_.relu(sum);
      result.push_back(sum);
    }
    return result;
  }

  Numbers gru(const Numbers& entering, const Numbers& hidden) {
    const std::int64_t size_h = p_.hidden;
    const Number right = in_a_row(entering);
    Numbers reset, update, gated;
    for (std::int64_t j = 0; j < size_h; ++j) {
      reset.push_back(t_.sigmoid(t_.add(gate(j), product("weight_hh", j, right, size_h))));
      update.push_back(t_.sigmoid(t_.add(gate(size_h + j), product("weight_hh", size_h + j, right, size_h))));
      gated.push_back(t_.multiply(reset.back(), entering[size(j)]));
    }
    const Number gated_right = in_a_row(gated);
    Numbers result;
    for (std::int64_t j = 0; j < size_h; ++j) {
      Number sum;
      if (p_.cell == kGruResetBefore) {
        sum = t_.add(gate(2 * size_h + j), product("weight_hh", 2 * size_h + j, gated_right, size_h));
      } else {
        Number recurrent = product("weight_hh", 2 * size_h + j, right, size_h);
        if (!p_.bias_candidate.empty()) recurrent = t_.add(recurrent, at("bias_candidate", j));
        sum = t_.add(gate(2 * size_h + j), t_.multiply(reset[size(j)], recurrent));
      }
      const Number candidate = t_.tanh(sum);
      const Number rest = t_.subtract(t_.constant(1), update[size(j)]);
      result.push_back(t_.add(t_.multiply(rest, candidate), t_.multiply(update[size(j)], hidden[size(j)])));
    }
    return result;
  }

  std::pair<Numbers, Numbers> lstm(const Numbers& entering, const Numbers& cell) {
    const std::int64_t size_h = p_.hidden;
    const Number right = in_a_row(entering);
    Numbers sums;
    for (std::int64_t j = 0; j < 4 * size_h; ++j) sums.push_back(product("weight_hh", j, right, p_.outputs));
    if (p_.cell == kLayerNormLstm) sums = normalized(sums, "gain_hh");
    for (std::int64_t j = 0; j < 4 * size_h; ++j) sums[size(j)] = t_.add(gate(j), sums[size(j)]);
    const bool peeps = !p_.peepholes.empty();
    const auto peep = [&](std::int64_t column, Number seen) {
      return t_.add(sums[size(column)], t_.multiply(at("peepholes", column), seen));
    };
    Numbers fresh, output_gate;
    for (std::int64_t j = 0; j < size_h; ++j) {
      const Number old = cell[size(j)];
      const Number input_gate = t_.sigmoid(peeps ? peep(j, old) : sums[size(j)]);
      const Number forget_gate = t_.sigmoid(peeps ? peep(size_h + j, old) : sums[size(size_h + j)]);
      const Number candidate = t_.tanh(sums[size(2 * size_h + j)]);
      fresh.push_back(t_.add(t_.multiply(forget_gate, old), t_.multiply(input_gate, candidate)));
      Number sum = sums[size(3 * size_h + j)];
      if (peeps) sum = t_.add(sum, t_.multiply(at("peepholes", 2 * size_h + j), fresh.back()));
      output_gate.push_back(t_.sigmoid(sum));
    }
    Numbers shown = p_.cell == kLayerNormLstm ? normalized(fresh, "gain_cell") : fresh;
    for (std::int64_t j = 0; j < size_h; ++j) {
      if (p_.cell == kLayerNormLstm) shown[size(j)] = t_.add(shown[size(j)], at("bias_cell", j));
      shown[size(j)] = t_.multiply(output_gate[size(j)], t_.tanh(shown[size(j)]));
    }
    if (p_.projection.empty()) return {shown, fresh};
    const Number shown_right = in_a_row(shown);
    Numbers result;
    for (std::int64_t j = 0; j < p_.outputs; ++j) result.push_back(product("projection", j, shown_right, size_h));
    return {result, fresh};
  }

  // gain (a - mean) / sqrt(variance + epsilon)
  Numbers normalized(const Numbers& values, const char* gain) {
    const Real share = 1 / static_cast<Real>(values.size());
    Number sum = t_.constant(0);
    for (const Number value : values) sum = t_.add(sum, value);
    const Number mean = t_.scale(sum, share);
    Number squares = t_.constant(0);
    Numbers centred;
    for (const Number value : values) {
      centred.push_back(t_.subtract(value, mean));
      squares = t_.add(squares, t_.multiply(centred.back(), centred.back()));
    }
    const Number scale = t_.inverse_root(t_.add(t_.scale(squares, share), t_.constant(p_.epsilon)));
    Numbers result;
    for (const Number one : centred)
      result.push_back(t_.multiply(at(gain, static_cast<std::int64_t>(result.size())), t_.multiply(one, scale)));
    return result;
  }

  Problem& p_;
  Tape& t_;
  std::int64_t mark_ = 0;  // of the step that is computed: row * steps + step
  std::map<std::string, Number> leaves_;
  std::map<std::string, Numbers> last_;
  std::vector<std::pair<Number, Real>> weights_;
};

}  // namespace recurra::test
