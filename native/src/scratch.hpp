// Memory that a call needs only while it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "memory.hpp"

namespace recurra {

// What each thread of a caller's keeps for its next call, at most; what is larger goes back to the system.
constexpr std::size_t kMostKept = std::size_t{1} << 26;

// A block that the calling thread keeps for its next call. Fresh memory costs a page fault every 4 KiB when it is first
// touched, which can take longer than the arithmetic. Whoever calls while another call of the same thread runs (as a
// handler of signals may) has a block of its own.
class Scratch {
 public:
  explicit Scratch(std::size_t size) : block_(std::exchange(kept(), {})) {
    if (block_.size >= size) return;
    block_ = {};  // first, so that both are never there at once
    block_ = {allocate_aligned(size), size};
  }
  ~Scratch() {
    if (block_.size <= kMostKept && block_.size > kept().size) kept() = std::move(block_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const { return block_.memory.get(); }

  // Fill what the calling thread keeps with numbers that are none, for tests. Returns its size.
  static std::size_t spoil() {
    if (kept().size > 0) std::memset(kept().memory.get(), 0xff, kept().size);
    return kept().size;
  }

 private:
  struct Block {
    std::unique_ptr<void, Freed> memory;
    std::size_t size = 0;
  };

  static Block& kept() {
    thread_local Block block;
    return block;
  }

  Block block_;
};

// Pieces of a block, each at a cache line. Without a block it only counts.
class Pieces {
 public:
  explicit Pieces(void* base) : base_(static_cast<char*>(base)) {}

  template <class T>
  T* take(std::int64_t count) {
    T* const piece = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return piece;
  }

  std::size_t used() const { return used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

}  // namespace recurra
