// What the kernel tests share: noting what is wrong, and random numbers that are the same in every run.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>

namespace recurra::test {

inline int failures = 0;

// Notes what is wrong, as printf does; the first twenty times also aloud.
[[gnu::format(printf, 2, 3)]] inline bool check(bool holds, const char* format, ...) {
  if (holds) return true;
  if (++failures <= 20) {
    std::va_list arguments;
    va_start(arguments, format);
    std::fputs("wrong: ", stdout);
    std::vprintf(format, arguments);
    std::fputs("\n", stdout);
    va_end(arguments);
  }
  return false;
}

// The exit status of a test.
inline int result() {
  if (failures > 0) std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  // From least to most, both included.
  std::int64_t integer(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(most - least + 1));
  }
  double uniform(double least, double most) {
    return least + (most - least) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  bool chance(double probability) { return uniform(0, 1) < probability; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace recurra::test
