#include "matmul.hpp"

#include <algorithm>

#include "barrier.hpp"
#include "denormal.hpp"
#include "kernels.hpp"
#include "team.hpp"

namespace recurra {
namespace {

// Multiplications that a thread of its own is worth.
constexpr std::int64_t kWorthAThread = std::int64_t{1} << 17;

template <class T>
const MatmulKernel<T>& kernel_of(const Kernels& kernels) {
  if constexpr (sizeof(T) == sizeof(float))
    return kernels.matmul_of_float;
  else
    return kernels.matmul_of_double;
}

}  // namespace

template <class T>
std::size_t room_for(const Matmul<T>& matmul, int threads) {
  return kernel_of<T>(chosen_kernels()).size(matmul, threads);
}

template <class T>
void multiply(const Matmul<T>& matmul, int threads, void* room) {
  if (matmul.rows == 0 || matmul.columns == 0) return;
  const MatmulKernel<T>& kernel = kernel_of<T>(chosen_kernels());
  const std::int64_t tiles = std::max(matmul.rows / kernel.row_unit, matmul.columns / kernel.column_unit);
  const std::int64_t worth = matmul.rows * matmul.columns * matmul.inner / kWorthAThread;
  Turn turn(static_cast<int>(std::clamp<std::int64_t>(std::min(tiles, worth), 1, threads)));
  const int team = turn.threads();
  Control control;
  Barrier barrier(team, control);
  turn.run(team, [&](int thread) {
    const FlushDenormals flush;
    kernel.run(matmul, room, thread, team, barrier);
  });
}

template std::size_t room_for(const Matmul<float>&, int);
template std::size_t room_for(const Matmul<double>&, int);
template void multiply(const Matmul<float>&, int, void*);
template void multiply(const Matmul<double>&, int, void*);

}  // namespace recurra
