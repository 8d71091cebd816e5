#include "engine.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "denormal.hpp"
#include "kernels.hpp"
#include "memory.hpp"
#include "team.hpp"

namespace recurra {
namespace {

// Rows from the longest to the shortest, cut so that each part has about as many steps.
std::vector<std::int64_t> row_cuts(const Sequence& sequence, int parts) {
  std::int64_t total = 0;
  for (std::int64_t row = 0; row < sequence.batch; ++row) total += sequence.lengths[row];
  std::vector<std::int64_t> cuts{0};
  std::int64_t sum = 0;
  for (std::int64_t row = 0; row < sequence.batch; ++row) {
    const auto part = static_cast<std::int64_t>(cuts.size());
    if (part < parts && sum >= total * part / parts && row > cuts.back()) cuts.push_back(row);
    sum += sequence.lengths[row];
  }
  cuts.push_back(sequence.batch);
  return cuts;
}

void check_lengths(std::int64_t batch, std::int64_t steps, const std::int64_t* lengths) {
  const auto [least, most] = std::minmax_element(lengths, lengths + batch);
  if (batch > 0 && (*least < 0 || *most > steps))
    throw std::invalid_argument("lengths between " + std::to_string(*least) + " and " + std::to_string(*most));
}

}  // namespace

Layout::Layout(std::int64_t batch, std::int64_t steps, const std::int64_t* lengths, bool time_major)
    : rows_(static_cast<std::size_t>(steps)),
      start_(static_cast<std::size_t>(steps)),
      order_(static_cast<std::size_t>(batch)),
      lengths_(static_cast<std::size_t>(batch), steps) {
  std::iota(order_.begin(), order_.end(), 0);
  if (lengths != nullptr) {
    check_lengths(batch, steps, lengths);
    std::stable_sort(order_.begin(), order_.end(), [&](std::int64_t a, std::int64_t b) { return lengths[a] > lengths[b]; });
    for (std::size_t row = 0; row < order_.size(); ++row) lengths_[row] = lengths[order_[row]];
  }
  std::int64_t active = batch;
  for (std::int64_t step = 0; step < steps; ++step) {
    while (active > 0 && lengths_[static_cast<std::size_t>(active - 1)] <= step) --active;
    rows_[static_cast<std::size_t>(step)] = active;
    start_[static_cast<std::size_t>(step)] = positions_;
    positions_ += active;
  }
  sequence_.batch = batch;
  sequence_.steps = steps;
  sequence_.rows = rows_.data();
  sequence_.start = start_.data();
  sequence_.order = order_.data();
  sequence_.lengths = lengths_.data();
  sequence_.padded_row = time_major ? 1 : steps;
  sequence_.padded_step = time_major ? batch : 1;
}

namespace {

// How the work of a call is shared out: `threads` for each direction, and directions one after another or at once.
struct Plan {
  int threads = 1;
  int at_once = 1;
  bool split_columns = false;
};

template <class T>
Plan make_plan(const std::vector<Recurrence<T>>& directions, const Passes<T>& passes, int threads) {
  const Recurrence<T>& first = directions.front();
  Plan plan;
  plan.at_once = std::min(static_cast<int>(directions.size()), threads);
  const std::int64_t each = threads / plan.at_once;
  const std::int64_t batch = first.sequence.batch;
  plan.split_columns = each > 1 && batch < each * passes.row_unit && first.hidden * first.outputs_size >= kLeastWeights;
  const std::int64_t most = plan.split_columns ? first.hidden / passes.column_unit : batch;
  plan.threads = static_cast<int>(std::clamp<std::int64_t>(std::min(each, most), 1, threads));
  return plan;
}

std::vector<Slice> make_slices(const Sequence& sequence, const Plan& plan) {
  const std::vector<std::int64_t> cuts =
      plan.split_columns ? std::vector<std::int64_t>{0, sequence.batch} : row_cuts(sequence, plan.threads);
  const std::int64_t count = plan.split_columns ? plan.threads : static_cast<std::int64_t>(cuts.size()) - 1;
  std::vector<Slice> slices;
  for (std::int64_t number = 0; number < count; ++number) {
    const auto piece = static_cast<std::size_t>(plan.split_columns ? 0 : number);
    Slice slice;
    slice.row_begin = cuts[piece];
    slice.row_end = cuts[piece + 1];
    slice.part = plan.split_columns ? number : 0;
    slice.parts = plan.split_columns ? count : 1;
    slice.number = number;
    slice.slices = count;
    slices.push_back(slice);
  }
  return slices;
}

// One direction of a call: what its threads share.
struct Work {
  std::vector<Slice> slices;
  std::unique_ptr<void, Freed> memory;
  std::unique_ptr<Barrier> barrier;
};

template <class T>
const Passes<T>& passes_of(const Kernels& kernels) {
  if constexpr (sizeof(T) == sizeof(float))
    return kernels.of_float;
  else
    return kernels.of_double;
}

}  // namespace

template <class T>
bool run_pass(Cell cell, bool backward, const std::vector<Recurrence<T>>& directions, int threads,
              bool (*interrupted)()) {
  const Passes<T>& passes = passes_of<T>(chosen_kernels());
  const Pass<T>& pass = backward ? passes.backward[cell] : passes.forward[cell];
  Turn turn(threads);
  const Plan plan = make_plan(directions, passes, turn.threads());
  Control control(interrupted);
  std::vector<Work> works;
  for (const Recurrence<T>& direction : directions) {
    Work work{make_slices(direction.sequence, plan), nullptr, nullptr};
    const auto count = static_cast<std::int64_t>(work.slices.size());
    work.barrier = std::make_unique<Barrier>(plan.split_columns ? static_cast<int>(count) : 1, control);
    for (Slice& slice : work.slices) slice.barrier = work.barrier.get();
    work.memory = allocate_aligned(pass.size(direction, count));
    pass.make(direction, work.memory.get(), count);
    works.push_back(std::move(work));
  }
  // A thread works on one slice of every `at_once`-th direction.
  const auto for_slices_of = [&](int thread, auto action) {
    for (auto d = static_cast<std::size_t>(thread / plan.threads); d < works.size(); d += static_cast<std::size_t>(plan.at_once)) {
      const auto number = static_cast<std::size_t>(thread % plan.threads);
      if (number < works[d].slices.size()) action(works[d].memory.get(), works[d].slices[number]);
    }
  };
  const int team = plan.threads * plan.at_once;
  Barrier all_packed(team, control);
  turn.run(team, [&](int thread) {
    const FlushDenormals flush;
    for_slices_of(thread, pass.prepare);
    all_packed.wait();
    for_slices_of(thread, pass.run);
  });
  for (const Work& work : works) pass.finish(work.memory.get(), static_cast<std::int64_t>(work.slices.size()));
  return !control.was_stopped();
}

template bool run_pass(Cell, bool, const std::vector<Recurrence<float>>&, int, bool (*)());
template bool run_pass(Cell, bool, const std::vector<Recurrence<double>>&, int, bool (*)());

}  // namespace recurra
