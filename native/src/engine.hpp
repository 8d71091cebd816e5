// One call of the engine: all directions of a layer, over all threads.
#pragma once

#include <vector>

#include "barrier.hpp"
#include "recurrence.hpp"

namespace recurra {

// Recurrent weights of which reading a thread's share takes less time than waiting for the others are not split.
constexpr std::int64_t kLeastUnits = 96;
constexpr std::int64_t kLeastWeights = kLeastUnits * kLeastUnits;

// Which step of which row lies where; built once a call from the lengths.
class Layout {
 public:
  // `lengths` (batch) in the caller's order, or null for full rows; `time_major` says how padded tensors lie.
  // Throws std::invalid_argument if a length is not within 0..steps: nobody may have looked before.
  Layout(std::int64_t batch, std::int64_t steps, const std::int64_t* lengths, bool time_major);

  const Sequence& sequence() const { return sequence_; }
  std::int64_t positions() const { return positions_; }

  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

 private:
  Sequence sequence_;
  std::int64_t positions_ = 0;
  std::vector<std::int64_t> rows_, start_, order_, lengths_;
};

// Run a pass over every direction. Returns false if somebody stopped it, whereupon the results are worth nothing.
// Throws std::bad_alloc, and std::system_error when threads cannot be started.
template <class T>
bool run_pass(Cell cell, bool backward, const std::vector<Recurrence<T>>& directions, int threads,
              bool (*interrupted)());

}  // namespace recurra
