// What the threads of one call share: a place to wait for each other, and a way to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace recurra {

// Set by whoever wants the call to end; asked at every time step.
class Control {
 public:
  explicit Control(bool (*interrupted)() = nullptr) : interrupted_(interrupted), caller_(std::this_thread::get_id()) {}

  // Whether to stop. The thread that made the call also asks whether somebody pressed Ctrl-C.
  bool stopped() {
    if (interrupted_ != nullptr && std::this_thread::get_id() == caller_ && interrupted_()) stop_ = true;
    return stop_.load(std::memory_order_relaxed);
  }

  bool was_stopped() const { return stop_.load(); }

 private:
  bool (*interrupted_)();
  std::thread::id caller_;
  std::atomic<bool> stop_{false};
};

class Barrier {
 public:
  Barrier(int threads, Control& control) : threads_(threads), control_(control) {}

  bool stopped() { return control_.stopped(); }

  // Waits until all threads came here. Returns at once when the call is stopped.
  void wait() {
    if (threads_ == 1) return;
    const unsigned round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spin = 0; round_.load(std::memory_order_acquire) == round; ++spin) {
      if (spin < kSpins) {
        pause();
      } else {
        if (control_.stopped()) return;
        // Somebody else has the processor of the one waited for: an idle processor takes it over, a busy one does not.
        std::this_thread::sleep_for(kNap);
      }
    }
  }

 private:
  static constexpr int kSpins = 4000;
  static constexpr std::chrono::microseconds kNap{20};

  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  int threads_;
  Control& control_;
  std::atomic<int> arrived_{0};
  std::atomic<unsigned> round_{0};
};

}  // namespace recurra
