// Ctrl-C during a call that holds no Python lock.
#pragma once

#include <csignal>

namespace recurra {

// While one lives on the main thread, SIGINT is noticed at the next time step; Python's own handler sees it as well.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  // Whether this one would see a signal: only on the main thread, and only if Python handles it.
  bool is_installed() const { return installed_; }

  // Whether a signal came since this was last asked.
  static bool take_signal();

 private:
  bool installed_ = false;
  struct sigaction before_ = {};
};

}  // namespace recurra
