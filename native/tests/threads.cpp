// The engine's threads: callers at the same time, a fork, a stop, no more threads than asked for, and sleep.
//
// usage: threads [emulated]: by another processor, where limits are the emulator's
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>
#include <thread>

#include "call.hpp"

namespace {

using namespace recurra;
using namespace recurra::test;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // its allocator does not survive every fork, and needs much address space
#else
constexpr bool kSanitized = false;
#endif

using Results = std::map<std::string, std::vector<float>>;

// Layers whose threads share rows, and layers whose threads share columns.
std::vector<Problem> make_problems(std::int64_t batch, std::int64_t hidden, std::int64_t steps = 9) {
  Random random(3);
  Shape shape;
  shape.cell = kLstm;
  shape.batch = batch;
  shape.steps = steps;
  shape.hidden = shape.outputs = hidden;
  shape.lengths.assign(static_cast<std::size_t>(batch), steps);
  return {random_problem(random, shape, false, kTanh)};
}

Results results_of(const std::vector<Problem>& problems, int threads) {
  Call<float> call(problems, {threads});
  check(call.run_forward(), "nobody stopped the call");
  Results results = call.forward_results(0);
  check(call.run_backward(), "nobody stopped the call");
  const Solution gradients = call.backward_results(0);
  const Values& grads = gradients.at("grad_gates");
  results["grad_gates"].assign(grads.begin(), grads.end());
  return results;
}

bool same(const Results& a, const Results& b) {
  for (const auto& [name, values] : a)
    if (std::memcmp(values.data(), b.at(name).data(), values.size() * sizeof(float)) != 0) return false;
  return true;
}

const std::vector<Problem> kMany = make_problems(33, 20), kWide = make_problems(2, kLeastUnits + 4);

void callers_at_the_same_time() {
  const Results many = results_of(kMany, 1), wide = results_of(kWide, 1);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 50; ++round) {
        const bool is_wide = (caller + round) % 2 == 0;
        if (!same(results_of(is_wide ? kWide : kMany, 1 + round % 3), is_wide ? wide : many)) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  check(wrong == 0, "%d results are wrong when several threads call", wrong.load());
}

// Whether a child, forked now, computes what its parent does.
bool child_computes(const Results& expected) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a deadlock ends it
    bool is_right = true;
    for (int round = 0; round < 5; ++round) is_right = is_right && same(results_of(kWide, 3), expected);
    _exit(is_right ? 0 : 1);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void children_compute() {
  const Results expected = results_of(kWide, 3);
  check(child_computes(expected), "a child forked after use cannot compute");
  if (kSanitized) return;
  std::atomic<bool> is_over{false};
  std::thread other([&] {
    while (!is_over) results_of(kMany, 3);
  });
  for (int round = 0; round < 10; ++round) check(child_computes(expected), "a child forked during use cannot compute");
  is_over = true;
  other.join();
  check(same(results_of(kWide, 3), expected), "the parent cannot compute after a fork");
}

void calls_can_be_stopped() {
  static std::atomic<int> asked;
  for (const int threads : {1, 3})
    for (const std::vector<Problem>* problems : {&kMany, &kWide}) {
      asked = 0;
      Call<float> call(*problems, {threads, false, true, true, [] { return ++asked == 3; }});
      check(!call.run_forward(), "a call that is stopped says that it is complete");
      check(asked >= 3, "nobody was asked at every step");
      asked = 0;
      Call<float> whole(*problems, {threads, false, true, true, [] { return ++asked < 0; }});
      check(whole.run_forward(), "a call that nobody stops says that it was stopped");
      check(asked >= problems->front().steps, "only %d questions were asked", asked.load());
    }
}

#if defined(__linux__)
std::int64_t threads_of_this_process() {
  std::int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) count += entry.is_directory();
  return count;
}

void threads_do_not_grow(std::int64_t before) {
  for (int round = 0; round < 1000; ++round) Call<float>(round % 2 == 0 ? kWide : kMany, {3}).run_forward();
  const std::int64_t count = threads_of_this_process();
  check(count <= before + 2, "there are %d threads instead of %d", int(count), int(before) + 2);
}

// Run in a child, where there are no threads yet and a limit does no harm.
void threads_that_cannot_start_are_an_error() {
  if (kSanitized) return;
  const Results expected = results_of(kWide, 1);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 1 << 20;  // no address space for a stack
    bool failed = false;
    Call<float> call(kWide, {3});
    setrlimit(RLIMIT_AS, &limit);
    try {
      call.run_forward();
    } catch (const std::exception&) {
      failed = true;
    }
    limit.rlim_cur = before;
    setrlimit(RLIMIT_AS, &limit);
    _exit(failed && same(results_of(kWide, 3), expected) ? 0 : 1);
  }
  int status = -1;
  check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
        "after threads could not start, the engine does not work again");
}
#endif

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return double(time.tv_sec) + 1e-6 * double(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void idle_threads_sleep() {
  results_of(kWide, 3);
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double used = processor_seconds() - before;
  check(used < 0.02, "%.3f s of work in 0.2 s without any", used);
}

}  // namespace

int main([[maybe_unused]] int count, char**) {
#if defined(__linux__)
  const std::int64_t before = threads_of_this_process();
  if (count == 1) threads_that_cannot_start_are_an_error();
#endif
  callers_at_the_same_time();
  children_compute();
  calls_can_be_stopped();
#if defined(__linux__)
  threads_do_not_grow(before);
#endif
  idle_threads_sleep();
  return result();
}
