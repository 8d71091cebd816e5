#include "interrupt.hpp"

#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#else
#include <pthread.h>
#endif

namespace recurra {
namespace {

volatile std::sig_atomic_t came = 0;
struct sigaction pythons = {};

void note(int signal, siginfo_t* info, void* context) {
  came = 1;
  if (pythons.sa_flags & SA_SIGINFO)
    pythons.sa_sigaction(signal, info, context);
  else
    pythons.sa_handler(signal);
}

bool is_main_thread() {
#if defined(__linux__)
  return syscall(SYS_gettid) == getpid();
#else
  return pthread_main_np() != 0;
#endif
}

}  // namespace

InterruptWatch::InterruptWatch() {
  if (!is_main_thread()) return;
  if (sigaction(SIGINT, nullptr, &before_) != 0) return;
  const bool has_handler = (before_.sa_flags & SA_SIGINFO) != 0 ||
                           (before_.sa_handler != SIG_DFL && before_.sa_handler != SIG_IGN);
  if (!has_handler) return;
  // Python's handler may call a layer while a call of the engine waits for it: that one goes on watching.
  if ((before_.sa_flags & SA_SIGINFO) != 0 && before_.sa_sigaction == note) return;
  pythons = before_;
  came = 0;
  struct sigaction ours = before_;
  ours.sa_sigaction = note;
  ours.sa_flags |= SA_SIGINFO;
  installed_ = sigaction(SIGINT, &ours, nullptr) == 0;
}

InterruptWatch::~InterruptWatch() {
  if (installed_) sigaction(SIGINT, &before_, nullptr);
}

bool InterruptWatch::take_signal() {
  if (came == 0) return false;
  came = 0;
  return true;
}

}  // namespace recurra
