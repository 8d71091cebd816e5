// Exact numbers that remember how they were computed, so that the gradient of anything can be read off.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace recurra::test {

using Real = long double;
using Values = std::vector<Real>;

// The place of a number on the tape.
struct Number {
  std::int32_t place = -1;
};

class Tape {
 public:
  void clear() {
    nodes_.clear();
    values_.clear();
  }

  // Numbers given from outside, one behind the other; the first one's place.
  Number given(const Values& values) {
    const Number first{static_cast<std::int32_t>(nodes_.size())};
    for (const Real value : values) node(value, {});
    return first;
  }

  Number constant(Real value) { return node(value, {}); }

  Real value(Number number) const { return values_[index(number)]; }
  void change(Number number, Real value) { values_[index(number)] = value; }

  Number add(Number a, Number b) { return node(value(a) + value(b), {a.place, b.place, 0, 1, 1}); }
  Number subtract(Number a, Number b) { return node(value(a) - value(b), {a.place, b.place, 0, 1, -1}); }
  Number multiply(Number a, Number b) { return node(value(a) * value(b), {a.place, b.place, 0, value(b), value(a)}); }
  Number scale(Number a, Real factor) { return node(value(a) * factor, {a.place, -1, 0, factor, 0}); }

  Number tanh(Number a) {
    const Real result = std::tanh(value(a));
    return node(result, {a.place, -1, 0, 1 - result * result, 0});
  }
  Number sigmoid(Number a) {
    const Real result = 1 / (1 + std::exp(-value(a)));
    return node(result, {a.place, -1, 0, result * (1 - result), 0});
  }
  Number relu(Number a) { return scale(a, value(a) > 0 ? 1 : 0); }
  Number inverse_root(Number a) {
    const Real result = 1 / std::sqrt(value(a));
    return node(result, {a.place, -1, 0, -result / (2 * value(a)), 0});
  }

  // The sum of the products of `count` numbers from `a` on with those from `b` on.
  Number dot(Number a, Number b, std::int64_t count) {
    Real sum = 0;
    for (std::int32_t k = 0; k < count; ++k) sum += values_[index(a) + k] * values_[index(b) + k];
    return node(sum, {a.place, b.place, static_cast<std::int32_t>(count), 0, 0});
  }

  // What a unit of each number would add to the sum of all numbers that have a weight, times it.
  Values gradients(const std::vector<std::pair<Number, Real>>& weights) const {
    Values grads(nodes_.size(), 0);
    for (const auto& [number, weight] : weights) grads[index(number)] += weight;
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      const Node& node = nodes_[i];
      const Real grad = grads[i];
      if (node.dot > 0) {
        for (std::size_t k = 0; k < static_cast<std::size_t>(node.dot); ++k) {
          const std::size_t a = static_cast<std::size_t>(node.a) + k, b = static_cast<std::size_t>(node.b) + k;
          grads[a] += grad * values_[b];
          grads[b] += grad * values_[a];
        }
        continue;
      }
      if (node.a >= 0) grads[static_cast<std::size_t>(node.a)] += grad * node.slope_a;
      if (node.b >= 0) grads[static_cast<std::size_t>(node.b)] += grad * node.slope_b;
    }
    return grads;
  }

 private:
  struct Node {
    std::int32_t a = -1, b = -1;
    std::int32_t dot = 0;  // of how many numbers from a and b on this is the dot product
    Real slope_a = 0, slope_b = 0;
  };

  static std::size_t index(Number number) { return static_cast<std::size_t>(number.place); }

  Number node(Real value, const Node& node) {
    nodes_.push_back(node);
    values_.push_back(value);
    return {static_cast<std::int32_t>(nodes_.size()) - 1};
  }

  std::vector<Node> nodes_;
  Values values_;
};

}  // namespace recurra::test
