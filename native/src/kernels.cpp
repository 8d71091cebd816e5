// All kernels for one instruction set: this file is compiled once for each.
#include "kernels.hpp"

#include <new>

#include "elman.hpp"
#include "gru.hpp"
#include "layer_norm_lstm.hpp"
#include "lstm.hpp"
#include "matmul_kernel.hpp"
#include "peak.hpp"
#include "row_norm_kernel.hpp"

#define RECURRA_TEXT(name) #name
#define RECURRA_NAME(name) RECURRA_TEXT(name)

namespace recurra::RECURRA_ISA {

const StreamKernels& stream_kernels();

namespace {

// A pass is an object that lives at the start of its scratch memory.
template <class T, template <class> class Kernel>
constexpr Pass<T> pass_of() {
  constexpr std::size_t room = (sizeof(Kernel<T>) + 63) / 64 * 64;
  return {
      [](const Recurrence<T>& recurrence, std::int64_t slices) {
        Arena arena(nullptr);
        Kernel<T> kernel(recurrence, arena, slices);
        return room + arena.used();
      },
      [](const Recurrence<T>& recurrence, void* memory, std::int64_t slices) {
        Arena arena(static_cast<char*>(memory) + room);
        new (memory) Kernel<T>(recurrence, arena, slices);
      },
      [](void* memory, const Slice& slice) { static_cast<Kernel<T>*>(memory)->prepare(slice); },
      [](void* memory, const Slice& slice) { static_cast<Kernel<T>*>(memory)->run(slice); },
      [](void* memory, std::int64_t slices) { static_cast<Kernel<T>*>(memory)->finish(slices); },
  };
}

template <class T>
constexpr Passes<T> passes_of() {
  return {
      {pass_of<T, ElmanForward>(), pass_of<T, LstmForward>(), pass_of<T, GruForward>(),
       pass_of<T, GruResetBeforeForward>(), pass_of<T, LayerNormLstmForward>()},
      {pass_of<T, ElmanBackward>(), pass_of<T, LstmBackward>(), pass_of<T, GruBackward>(),
       pass_of<T, GruResetBeforeBackward>(), pass_of<T, LayerNormLstmBackward>()},
      kUnit<T>,
      kSums / 4,
  };
}

}  // namespace

const Kernels& kernels() {
  static const Kernels table{
      RECURRA_NAME(RECURRA_ISA),
      passes_of<float>(),
      passes_of<double>(),
      matmul_kernel<float>(),
      matmul_kernel<double>(),
      row_norm_kernel<float>(),
      row_norm_kernel<double>(),
      &multiply_and_add,
      &stream_kernels(),
  };
  return table;
}

}  // namespace recurra::RECURRA_ISA
