// How far exp, tanh and sigmoid are from the exact values, and what they make of the numbers that are special.
//
// usage: activations [stride]: every stride-th float32; 1 takes all of them, which takes minutes.
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <type_traits>
#include <vector>

#include "check.hpp"
#include "denormal.hpp"
#include "math.hpp"

namespace {

using namespace recurra;
using namespace recurra::RECURRA_ISA;
using test::check;

constexpr double kMostUlps = 3;

template <class T>
using Exact = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class T>
struct Activation {
  const char* name;
  Vector<T> (*ours)(Vector<T>);
  Exact<T> (*exact)(Exact<T>);
  bool is_odd;
  bool takes_positive;
};

template <class T>
Exact<T> exact_sigmoid(Exact<T> x) {
  const Exact<T> small = std::exp(-std::fabs(x));
  return (x < 0 ? small : Exact<T>(1)) / (1 + small);
}

template <class T>
constexpr Activation<T> kActivations[] = {
    {"exp", [](Vector<T> x) { return exp_of_negative<T>(x); }, [](Exact<T> x) { return std::exp(x); }, false, false},
    {"tanh", [](Vector<T> x) { return RECURRA_ISA::tanh<T>(x); }, [](Exact<T> x) { return std::tanh(x); }, true, true},
    {"sigmoid", [](Vector<T> x) { return sigmoid<T>(x); }, exact_sigmoid<T>, false, true},
};

constexpr std::size_t kBlock = 4096;

template <class T>
class Trial {
 public:
  Trial(const Activation<T>& activation, bool flushes) : activation_(activation), flushes_(flushes) {}

  void add(T x) {
    if (x > 0 && !activation_.takes_positive) x = -x;
    given_[count_++] = x;
    if (count_ == kBlock) finish();
  }

  void finish() {
    evaluate();
    for (std::size_t i = 0; i < count_; ++i) judge(given_[i], got_[i]);
    count_ = 0;
  }

  void report() const {
    std::printf("%-8s float%zu %s: %.3f ulp at %.9g\n", activation_.name, 8 * sizeof(T),
                flushes_ ? "without denormals" : "with denormals", most_, static_cast<double>(worst_));
  }

 private:
  void evaluate() {
    if (!flushes_) return evaluate_plainly();
    const FlushDenormals flush;
    evaluate_plainly();
  }

  [[gnu::noinline]] void evaluate_plainly() {
    for (std::size_t i = 0; i < count_; i += kLanes<T>)
      store(got_.data() + i, activation_.ours(load(given_.data() + i)));
  }

  void judge(T x, T got) {
    constexpr T least_normal = std::numeric_limits<T>::min();
    if (std::isnan(x)) {
      check(std::isnan(got), "%s(NaN) = %g", activation_.name, static_cast<double>(got));
      return;
    }
    const Exact<T> exact = activation_.exact(x);
    const bool negative = activation_.is_odd && std::signbit(x);
    check(std::signbit(got) == negative, "%s(%.9g) = %.9g has the wrong sign", activation_.name, double(x),
          double(got));
    check(std::fabs(got) <= 1, "%s(%.9g) = %.9g is over 1", activation_.name, double(x), double(got));
    if (std::fabs(exact) < least_normal) {
      check(std::fabs(got) <= least_normal, "%s(%.9g) = %.9g is too large", activation_.name, double(x), double(got));
      return;
    }
    if (std::isinf(x)) check(got == exact, "%s(%g) = %.9g", activation_.name, double(x), double(got));
    if (flushes_ && got == 0) {  // the exact value is all but the least normal number
      check(std::fabs(exact) < least_normal * (1 + 4 * std::numeric_limits<T>::epsilon()), "%s(%.9g) = 0",
            activation_.name, double(x));
      return;
    }
    const double error = ulps(got, exact);
    check(error <= kMostUlps, "%s(%.17g) = %.17g is %g ulp off", activation_.name, double(x), double(got), error);
    if (error <= most_) return;
    most_ = error;
    worst_ = x;
  }

  // The distance in units of the last place that the exact value has.
  static double ulps(T got, Exact<T> exact) {
    const int exponent = std::ilogb(exact);
    const Exact<T> distance = std::fabs(Exact<T>(got) - exact);
    return static_cast<double>(std::ldexp(distance, std::numeric_limits<T>::digits - 1 - exponent));
  }

  const Activation<T>& activation_;
  bool flushes_;
  std::size_t count_ = 0;
  std::array<T, kBlock + kLanes<T>> given_{};
  std::array<T, kBlock + kLanes<T>> got_{};
  double most_ = 0;
  T worst_ = 0;
};

template <class T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  const T half_ln2 = static_cast<T>(std::log(2.0L) / 2);
  const T least_logarithm = std::log(Limits::min());
  std::vector<T> numbers{0, Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min()};
  for (T x : {half_ln2, half_ln2 / 2, T(1), T(0.5), T(9), T(18), T(20), T(37), -least_logarithm,
              -ExpConstants<T>::lowest, Limits::epsilon(), Limits::min(), Limits::max()}) {
    T below = x, above = x;
    for (int step = 0; step < 1000; ++step) {
      numbers.push_back(below);
      numbers.push_back(above);
      below = std::nextafter(below, T(0));
      above = std::nextafter(above, Limits::infinity());
    }
  }
  const std::size_t positive = numbers.size();
  for (std::size_t i = 0; i < positive; ++i) numbers.push_back(-numbers[i]);
  return numbers;
}

void add_many(Trial<float>& trial, std::int64_t stride) {
  for (std::int64_t bits = 0; bits < std::int64_t{1} << 32; bits += stride)
    trial.add(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
}

void add_many(Trial<double>& trial, std::int64_t) {
  test::Random random(1);
  for (int left = 100'000; left > 0; --left) {
    trial.add(std::bit_cast<double>(random.bits()));
    trial.add(random.uniform(-1, 1));
    trial.add(random.uniform(-750, 750));
    trial.add(std::ldexp(random.uniform(-1, 1), static_cast<int>(random.integer(-60, 5))));
  }
}

template <class T>
void try_all(std::int64_t stride) {
  for (const Activation<T>& activation : kActivations<T>)
    for (const bool flushes : {true, false}) {
      Trial<T> trial(activation, flushes);
      for (const T x : special_numbers<T>()) trial.add(x);
      add_many(trial, flushes ? stride : stride * 7);
      trial.finish();
      trial.report();
    }
}

}  // namespace

int run_test(int count, char** arguments) {
  const std::int64_t stride = count > 1 ? std::atoll(arguments[1]) : 499;  // a prime, so that all last bits come up
  try_all<float>(stride);
  try_all<double>(stride);
  return test::result();
}
