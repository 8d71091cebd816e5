// Memory that begins at a cache line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace recurra {

struct Freed {
  void operator()(void* memory) const { std::free(memory); }
};

// Aligned to 64 bytes; throws std::bad_alloc.
inline std::unique_ptr<void, Freed> allocate_aligned(std::size_t size) {
  void* const memory = std::aligned_alloc(64, (std::max<std::size_t>(size, 1) + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  return std::unique_ptr<void, Freed>(memory);
}

}  // namespace recurra
