// Simple work that is shared out over threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "denormal.hpp"
#include "team.hpp"

namespace recurra {

// What one thread has done before another one is awake.
constexpr std::int64_t kLeastBytes = 1 << 17;

// body(begin, end) on every thread, for its share of so many things, which are so many bytes in all. It must not throw:
// nobody would be there to catch it.
template <class Body>
void for_shares(std::int64_t count, std::int64_t bytes, int threads, Body body) {
  Turn turn(bytes < kLeastBytes ? 1 : threads);
  const int team = static_cast<int>(std::clamp<std::int64_t>(count, 1, turn.threads()));
  turn.run(team, [&](int thread) {
    const FlushDenormals flush;
    body(count * thread / team, count * (thread + 1) / team);
  });
}

}  // namespace recurra
