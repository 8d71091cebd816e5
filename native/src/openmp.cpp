#include "openmp.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <functional>
#include <mutex>

namespace recurra {
namespace {

// What GCC's compiler calls for a parallel region; other OpenMP libraries have it too.
struct OpenMP {
  void (*parallel)(void (*region)(void*), void* data, unsigned threads, unsigned flags) = nullptr;
  int (*thread_number)() = nullptr;
  int (*thread_count)() = nullptr;
};

OpenMP openmp;
std::atomic<bool> is_adopted{false};

template <class Function>
bool find(Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  return function != nullptr;
}

struct Region {
  const std::function<void(int)>& body;
  int threads;
  bool has_run = false;
};

// On every thread of the region. There may be fewer than asked for, of which nobody can wait for the missing ones.
void enter(void* data) {
  Region& region = *static_cast<Region*>(data);
  if (openmp.thread_count() != region.threads) return;
  const int number = openmp.thread_number();
  if (number == 0) region.has_run = true;
  region.body(number);
}

}  // namespace

bool adopt_openmp() {
  static std::once_flag searched;
  std::call_once(searched, [] {
    if (!find(openmp.parallel, "GOMP_parallel") || !find(openmp.thread_number, "omp_get_thread_num") ||
        !find(openmp.thread_count, "omp_get_num_threads"))
      return;
    // The child of a fork has none of the threads, and the library does not notice.
    if (pthread_atfork(nullptr, nullptr, [] { is_adopted.store(false); }) == 0) is_adopted.store(true);
  });
  return is_adopted.load();
}

bool run_on_openmp(int threads, const std::function<void(int)>& body) {
  if (!is_adopted.load(std::memory_order_acquire)) return false;
  Region region{body, threads};
  openmp.parallel(enter, &region, static_cast<unsigned>(threads), 0);
  return region.has_run;
}

}  // namespace recurra
