// Threads that help with a call and sleep in between.
#pragma once

#include <functional>

namespace recurra {

// There is one team in the process, shared by all callers, one at a time. It starts threads when they are first needed
// and never more than were asked for. After a fork the child starts a team of its own. Where OpenMP's threads were
// adopted (openmp.hpp), they do the work, and the team starts none.
class Turn {
 public:
  // Ask for this many threads, the caller's included. While the team works for somebody else it is the caller's alone:
  // then there would be more threads than anybody asked for.
  explicit Turn(int threads);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  int threads() const { return threads_; }

  // Run body(0) ... body(threads - 1) at the same time, body(0) on the caller's thread; return when all are done.
  void run(int threads, const std::function<void(int)>& body);

 private:
  class Team* team_ = nullptr;
  int threads_ = 1;
};

}  // namespace recurra
