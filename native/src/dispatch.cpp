// Which kernels this processor can run.
#include <atomic>
#include <cstring>

#include "kernels.hpp"

namespace recurra {
namespace {

std::atomic<const Kernels*> chosen{nullptr};

}  // namespace

int usable_kernels(const Kernels** list, int room) {
  int count = 0;
  const auto add = [&](const Kernels& kernels) {
    if (count < room) list[count++] = &kernels;
  };
#if defined(RECURRA_HAS_BASELINE)
  add(baseline::kernels());
#endif
#if defined(RECURRA_HAS_NEON)
  add(neon::kernels());
#endif
#if defined(__x86_64__)
  __builtin_cpu_init();
#if defined(RECURRA_HAS_AVX2)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) add(avx2::kernels());
#endif
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#if defined(RECURRA_HAS_AVX512)
  if (has_avx512) add(avx512::kernels());
#endif
#if defined(RECURRA_HAS_AVX512VNNI)
  if (has_avx512 && __builtin_cpu_supports("avx512vnni")) add(avx512vnni::kernels());
#endif
  (void)has_avx512;
#endif
  return count;
}

const Kernels& chosen_kernels() {
  const Kernels* kernels = chosen.load(std::memory_order_acquire);
  if (kernels == nullptr) {
    const Kernels* list[8];
    kernels = list[usable_kernels(list, 8) - 1];
    chosen.store(kernels, std::memory_order_release);
  }
  return *kernels;
}

bool choose_kernels(const char* name) {
  const Kernels* list[8];
  const int count = usable_kernels(list, 8);
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(list[i]->name, name) != 0) continue;
    chosen.store(list[i], std::memory_order_release);
    return true;
  }
  return false;
}

}  // namespace recurra
