#include "team.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "openmp.hpp"

namespace recurra {

class Team {
 public:
  void run(int threads, const std::function<void(int)>& body) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (; started_ + 1 < threads; ++started_) std::thread(&Team::work, this, started_ + 1).detach();
      body_ = &body;
      threads_ = threads;
      left_.store(threads - 1, std::memory_order_relaxed);
      call_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    body(0);
    for (int spin = 0; left_.load(std::memory_order_acquire) > 0; ++spin) {
      if (spin < kSpins) continue;
      std::unique_lock<std::mutex> lock(mutex_);
      done_.wait(lock, [this] { return left_.load(std::memory_order_acquire) == 0; });
    }
  }

  std::atomic<bool> busy{false};  // set by the caller whose call it is; a handler of that call's may ask again

 private:
  static constexpr int kSpins = 2000;

  void work(int number) {
    unsigned seen = 0;
    while (true) {
      const std::function<void(int)>* body = nullptr;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return call_.load(std::memory_order_relaxed) != seen; });
        seen = call_.load(std::memory_order_relaxed);
        if (number < threads_) body = body_;
      }
      if (body == nullptr) continue;
      (*body)(number);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(int)>* body_ = nullptr;
  int threads_ = 0;
  int started_ = 0;
  std::atomic<int> left_{0};
  std::atomic<unsigned> call_{0};
};

namespace {

// Never destroyed: its threads wait on it until the process ends.
std::atomic<Team*> team{nullptr};

// The child of a fork has none of the threads, and locks that somebody may have held.
void forget_team() { team.store(nullptr); }

Team& the_team() {
  Team* current = team.load(std::memory_order_acquire);
  if (current != nullptr) return *current;
  static std::once_flag registered;
  std::call_once(registered, [] { pthread_atfork(nullptr, nullptr, forget_team); });
  Team* const fresh = new Team;
  if (team.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;
  return *current;
}

}  // namespace

Turn::Turn(int threads) {
  if (threads <= 1) return;
  Team& current = the_team();
  if (current.busy.exchange(true, std::memory_order_acquire)) return;
  team_ = &current;
  threads_ = threads;
}

Turn::~Turn() {
  if (team_ != nullptr) team_->busy.store(false, std::memory_order_release);
}

void Turn::run(int threads, const std::function<void(int)>& body) {
  if (threads == 1) return body(0);
  if (!run_on_openmp(threads, body)) team_->run(threads, body);
}

}  // namespace recurra
