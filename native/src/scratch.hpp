// Memory that a call needs only while it runs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "memory.hpp"

namespace recurra {

// What the process keeps for its next call, at most; what is larger goes back to the system.
constexpr std::size_t kMostKept = std::size_t{1} << 26;

// A block that is kept for the next call, once in the process. Fresh memory costs a page fault every 4 KiB when it is
// first touched, which can take longer than the arithmetic. Whoever calls while another call runs (another thread, or a
// handler of signals) has a block of its own.
class Scratch {
 public:
  // With `fills`, every number in it is none until it is written.
  Scratch(std::size_t size, bool fills) : block_(take()) {
    if (block_.size < size) {
      block_ = {};  // first, so that both are never there at once
      block_ = {allocate_aligned(size), size};
    }
    if (fills && size > 0) std::memset(block_.memory.get(), 0xff, size);
  }
  ~Scratch() {
    if (block_.size > kMostKept) return;
    Block* const mine = new (std::nothrow) Block(std::move(block_));
    delete kept().exchange(mine);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const { return block_.memory.get(); }

  // How many bytes are kept.
  static std::size_t kept_size() {
    Block* const block = kept().exchange(nullptr);
    const std::size_t size = block == nullptr ? 0 : block->size;
    delete kept().exchange(block);
    return size;
  }

 private:
  struct Block {
    std::unique_ptr<void, Freed> memory;
    std::size_t size = 0;
  };

  // Nobody frees it at the end of the process, when threads may still run.
  static std::atomic<Block*>& kept() {
    static std::atomic<Block*> block{nullptr};
    return block;
  }

  static Block take() {
    const std::unique_ptr<Block> block(kept().exchange(nullptr));
    return block == nullptr ? Block{} : std::move(*block);
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

  // Where what is not taken begins.
  void* rest() const { return base_ + used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

}  // namespace recurra
