// Products of large matrices: those of a layer's inputs and of its gradients, over all time steps at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recurra {

// A matrix in memory, stored either way or with gaps.
template <class T>
struct Factor {
  const T* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;

  const T* at(std::int64_t row, std::int64_t column) const {
    return data + row * row_stride + column * column_stride;
  }
};

// result (rows, columns) = start + left (rows, inner) · right (inner, columns).
//
// Depths are added in blocks: the first begins with `start` and takes one fused multiply-add after another, each later
// one begins with zero and is added as a whole. So every number depends on its row of `left`, its column of `right` and
// its start alone, to the bit: not on how many rows or columns there are, nor on threads.
template <class T>
struct Matmul {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t inner = 0;
  Factor<T> left;
  Factor<T> right;
  const T* start = nullptr;  // (columns), or null: zeros
  T* result = nullptr;
  std::int64_t pitch = 0;  // from row to row of the result
};

class Barrier;

// How one instruction set multiplies: `threads` threads run it at the same time in memory of `size` bytes.
template <class T>
struct MatmulKernel {
  std::size_t (*size)(const Matmul<T>&, int threads);
  void (*run)(const Matmul<T>&, void* memory, int thread, int threads, Barrier& barrier);
  std::int64_t row_unit;     // rows and columns of one tile
  std::int64_t column_unit;
};

// Bytes that a product needs while it runs: `left`, `right`, `start` and `result` need not be there yet.
template <class T>
std::size_t room_for(const Matmul<T>& matmul, int threads);

// Multiply on so many threads, in so much room, at a cache line. Throws std::system_error when threads cannot be started.
template <class T>
void multiply(const Matmul<T>& matmul, int threads, void* room);

}  // namespace recurra
