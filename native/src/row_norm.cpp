#include "row_norm.hpp"

#include "kernels.hpp"
#include "shares.hpp"

namespace recurra {
namespace {

template <class T>
const RowNormKernel<T>& kernel() {
  if constexpr (sizeof(T) == sizeof(float))
    return chosen_kernels().row_norm_of_float;
  else
    return chosen_kernels().row_norm_of_double;
}

template <class T>
void share_out(const RowNorm<T>& norm, std::int64_t parts, typename RowNormKernel<T>::Part run, int threads) {
  const std::int64_t bytes = norm.count * norm.width * static_cast<std::int64_t>(sizeof(T));
  for_shares(parts, bytes, threads, [&](std::int64_t begin, std::int64_t end) { run(norm, begin, end); });
}

}  // namespace

template <class T>
void normalize(const RowNorm<T>& norm, int threads) {
  share_out(norm, norm.count, kernel<T>().forward, threads);
}

template <class T>
void normalize_back(const RowNorm<T>& norm, int threads) {
  share_out(norm, norm.count, kernel<T>().grad_x, threads);
  share_out(norm, norm.width, kernel<T>().grad_gain, threads);
}

template void normalize(const RowNorm<float>&, int);
template void normalize(const RowNorm<double>&, int);
template void normalize_back(const RowNorm<float>&, int);
template void normalize_back(const RowNorm<double>&, int);

}  // namespace recurra
