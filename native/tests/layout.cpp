// Where the steps of a batch lie: every valid step has one place, and lengths that are not there are refused.
#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>

#include "check.hpp"
#include "engine.hpp"
#include "rows.hpp"

namespace {

using namespace recurra;
using test::check;

struct Batch {
  std::int64_t rows, steps;
  std::vector<std::int64_t> lengths;
  bool has_lengths, time_major;
};

// Rows of two numbers: their place, and a gap that nothing may touch.
void try_rows(const Sequence& sequence, const std::set<std::int64_t>& valid) {
  using Numbers = std::vector<std::int64_t>;
  constexpr std::int64_t width = sizeof(std::int64_t), pitch = 2 * width, untouched = -7;
  Numbers places(static_cast<std::size_t>(sequence.batch * sequence.steps)), back(places.size(), untouched);
  std::iota(places.begin(), places.end(), 1);
  Numbers rows(2 * valid.size(), untouched);
  const auto bytes = [](Numbers& numbers) { return reinterpret_cast<char*>(numbers.data()); };
  pack_rows(sequence, bytes(places), bytes(rows), width, pitch, 2);
  std::set<std::int64_t> found;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    found.insert(rows[2 * i] - 1);
    check(rows[2 * i + 1] == untouched, "a gap was written");
  }
  check(found == valid, "a valid step has no position");
  unpack_rows(sequence, bytes(rows), bytes(back), width, pitch, 2);
  for (std::size_t i = 0; i < places.size(); ++i)
    check(back[i] == (valid.count(static_cast<std::int64_t>(i)) > 0 ? places[i] : 0), "a row did not come back");
  std::fill(back.begin(), back.end(), untouched);
  unpack_rows(sequence, nullptr, bytes(back), width, pitch, 1);
  for (std::size_t i = 0; i < places.size(); ++i)
    check((back[i] == 0) == (valid.count(static_cast<std::int64_t>(i)) == 0), "not the padding alone was cleared");
}

void try_batch(const Batch& batch) {
  const Layout layout(batch.rows, batch.steps, batch.has_lengths ? batch.lengths.data() : nullptr, batch.time_major);
  std::set<std::int64_t> valid;
  for (std::int64_t row = 0; row < batch.rows; ++row)
    for (std::int64_t step = 0; step < batch.lengths[static_cast<std::size_t>(row)]; ++step)
      valid.insert(batch.time_major ? step * batch.rows + row : row * batch.steps + step);
  check(layout.positions() == static_cast<std::int64_t>(valid.size()), "not as many positions as valid steps");
  try_rows(layout.sequence(), valid);
  const Sequence& sequence = layout.sequence();
  for (std::int64_t step = 0; step < batch.steps && !batch.has_lengths; ++step)
    for (std::int64_t row = 0; row < batch.rows; ++row)
      check(sequence.position(row, step) == step * batch.rows + row, "without lengths, rows do not lie step by step");
  for (std::int64_t step = 0; step < batch.steps; ++step)
    for (std::int64_t row = 0; row < batch.rows; ++row)
      check((row < sequence.rows[step]) == (step < sequence.lengths[row]), "rows do not come from long to short");
}

bool is_refused(const std::vector<std::int64_t>& lengths, std::int64_t steps) {
  try {
    const Layout layout(static_cast<std::int64_t>(lengths.size()), steps, lengths.data(), false);
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

}  // namespace

int main() {
  test::Random random(5);
  for (int round = 0; round < 2000; ++round) {
    Batch batch{random.integer(1, 33), random.integer(1, 12), {}, random.chance(0.7), random.chance(0.5)};
    for (std::int64_t row = 0; row < batch.rows; ++row)
      batch.lengths.push_back(batch.has_lengths ? random.integer(0, batch.steps) : batch.steps);
    try_batch(batch);
  }
  try_batch({0, 3, {}, false, false});
  try_batch({2, 0, {0, 0}, true, false});
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  check(!is_refused({0, 5, 3}, 5), "lengths within range are refused");
  for (const std::int64_t wrong : {std::int64_t{6}, std::int64_t{-1}, largest, -largest - 1})
    check(is_refused({0, wrong, 3}, 5), "length %lld of 5 steps is taken", static_cast<long long>(wrong));
  return test::result();
}
