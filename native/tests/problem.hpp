// Random layers: any cell, any size, any of the options that a recurrence has.
#pragma once

#include <algorithm>
#include <cmath>

#include "check.hpp"
#include "engine.hpp"
#include "naive.hpp"

namespace recurra::test {

// Numbers that are float32, so that both types of the engine are given the same.
inline Values random_values(Random& random, std::int64_t count, double most) {
  Values values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(random.uniform(-most, most)));
  return values;
}

inline std::vector<std::uint8_t> random_marks(Random& random, std::int64_t count, double probability) {
  std::vector<std::uint8_t> marks;
  for (std::int64_t i = 0; i < count; ++i) marks.push_back(random.chance(probability));
  return marks;
}

// What the directions of a layer have in common.
struct Shape {
  Cell cell = kElman;
  std::int64_t batch = 1, steps = 1, hidden = 1, outputs = 1;
  std::vector<std::int64_t> lengths;
  std::vector<std::uint8_t> resets;
  bool has_lengths = false;
};

inline Shape random_shape(Random& random, Cell cell) {
  Shape shape;
  shape.cell = cell;
  // Few rows and many units make threads share columns, many rows make them share rows.
  const bool is_wide = random.chance(0.2);
  const auto units = [&] { return is_wide ? random.integer(kLeastUnits, kLeastUnits + 14) : random.integer(1, 70); };
  shape.hidden = units();
  shape.batch = is_wide ? random.integer(1, 5) : random.integer(1, 33);
  shape.steps = random.integer(1, 7);
  while (shape.hidden * shape.batch * shape.steps > 3000 && shape.steps > 2) --shape.steps;
  shape.outputs = cell == kLstm && random.chance(0.4) ? units() : shape.hidden;
  shape.has_lengths = random.chance(0.6);
  for (std::int64_t row = 0; row < shape.batch; ++row)
    shape.lengths.push_back(shape.has_lengths ? random.integer(0, shape.steps) : shape.steps);
  if (shape.has_lengths) {
    shape.lengths[static_cast<std::size_t>(random.integer(0, shape.batch - 1))] = 0;
    shape.lengths[static_cast<std::size_t>(random.integer(0, shape.batch - 1))] = shape.steps;
  }
  if (random.chance(0.4)) shape.resets = random_marks(random, shape.batch * shape.steps, 0.3);
  return shape;
}

inline void add_weights(Random& random, Problem& p, bool is_projected) {
  const double most = 1.5 / std::sqrt(static_cast<double>(p.outputs));
  p.weight_hh = random_values(random, p.width() * p.outputs, most);
  if (p.cell == kGru && random.chance(0.7)) p.bias_candidate = random_values(random, p.hidden, 1);
  if (p.cell == kLstm && random.chance(0.5)) p.peepholes = random_values(random, 3 * p.hidden, 1);
  if (is_projected)
    p.projection = random_values(random, p.outputs * p.hidden, 1.5 / std::sqrt(static_cast<double>(p.hidden)));
  if (p.cell != kLayerNormLstm) return;
  p.gain_hh = random_values(random, 4 * p.hidden, 1.5);
  p.gain_cell = random_values(random, p.hidden, 1.5);
  p.bias_cell = random_values(random, p.hidden, 1);
  p.epsilon = 0.1;  // or dividing by the deviation of two units would lose what float32 has
}

inline void add_zoneout(Random& random, Problem& p, double probability) {
  if (!random.chance(probability)) return;
  p.rate_hidden = 0.125;
  if (p.has_cell() && random.chance(0.8)) p.rate_cell = 0.375;
  if (random.chance(0.5)) return;
  p.kept_hidden = random_marks(random, p.batch * p.steps * p.outputs, p.rate_hidden);
  if (p.rate_cell != 0) p.kept_cell = random_marks(random, p.batch * p.steps * p.hidden, p.rate_cell);
}

inline Problem random_problem(Random& random, const Shape& shape, bool reverse, Nonlinearity nonlinearity) {
  Problem p;
  p.cell = shape.cell;
  p.nonlinearity = nonlinearity;
  p.reverse = reverse;
  p.batch = shape.batch;
  p.steps = shape.steps;
  p.hidden = shape.hidden;
  p.outputs = shape.outputs;
  p.lengths = shape.lengths;
  p.resets = shape.resets;
  p.gates = random_values(random, p.batch * p.steps * p.width(), 2);
  p.hidden_first = random_values(random, p.batch * p.outputs, 1);
  if (p.has_cell()) p.cell_first = random_values(random, p.batch * p.hidden, 1);
  add_weights(random, p, shape.outputs != shape.hidden);
  if (random.chance(0.4))
    for (std::int64_t i = 0; i < p.batch * p.outputs; ++i) p.mask.push_back(random.chance(0.25) ? 0 : 1.25L);
  add_zoneout(random, p, 0.5);
  if (random.chance(0.9)) p.grad_outputs = random_values(random, p.batch * p.steps * p.outputs, 1);
  if (random.chance(0.7)) p.grad_hidden_last = random_values(random, p.batch * p.outputs, 1);
  if (p.has_cell() && random.chance(0.7)) p.grad_cell_last = random_values(random, p.batch * p.hidden, 1);
  return p;
}

// The rows of a tensor (batch, ...) that are row `number`.
template <class V>
V row_of(const V& values, std::int64_t number, std::int64_t batch) {
  const auto size = static_cast<std::ptrdiff_t>(values.size()) / batch;
  return V(values.begin() + number * size, values.begin() + (number + 1) * size);
}

// The same layer with one of its rows alone.
inline Problem alone(const Problem& p, std::int64_t number) {
  Problem one = p;
  one.batch = 1;
  one.lengths = row_of(p.lengths, number, p.batch);
  one.resets = row_of(p.resets, number, p.batch);
  one.kept_hidden = row_of(p.kept_hidden, number, p.batch);
  one.kept_cell = row_of(p.kept_cell, number, p.batch);
  for (Values Problem::*const member : {&Problem::gates, &Problem::hidden_first, &Problem::cell_first, &Problem::mask})
    one.*member = row_of(p.*member, number, p.batch);
  return one;
}

}  // namespace recurra::test
