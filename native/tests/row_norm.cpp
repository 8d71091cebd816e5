// Layer normalisation of rows gives what its definition says, forward and back; sums over rows have the same bits
// however columns are cut.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "row_norm_kernel.hpp"

namespace {

using namespace recurra;
using namespace recurra::RECURRA_ISA;
using test::check;

template <class T>
using Numbers = std::vector<T>;

constexpr double kEpsilon = 1e-3;

template <class T>
Numbers<T> random_numbers(test::Random& random, std::int64_t count) {
  Numbers<T> numbers(static_cast<std::size_t>(count));
  for (T& number : numbers) number = static_cast<T>(random.uniform(-1, 1));
  return numbers;
}

template <class T>
struct Trial {
  Trial(test::Random& random, std::int64_t count, std::int64_t width)
      : x(random_numbers<T>(random, count * width)),
        gain(random_numbers<T>(random, width)),
        shift(random_numbers<T>(random, width)),
        grad_y(random_numbers<T>(random, count * width)),
        means(static_cast<std::size_t>(count)),
        scales(means),
        y(x.size()),
        grad_x(x.size()),
        grad_gain(gain.size()) {
    norm.count = count;
    norm.width = width;
    norm.x = x.data();
    norm.gain = gain.data();
    norm.shift = shift.data();
    norm.epsilon = kEpsilon;
    norm.means = means.data();
    norm.scales = scales.data();
    norm.y = y.data();
    norm.grad_y = grad_y.data();
    norm.grad_x = grad_x.data();
    norm.grad_gain = grad_gain.data();
  }

  Numbers<T> x, gain, shift, grad_y, means, scales, y, grad_x, grad_gain;
  RowNorm<T> norm;
};

// The largest distance from the definition, in double precision.
template <class T>
double distance(const Trial<T>& trial) {
  const auto width = static_cast<std::size_t>(trial.norm.width);
  double worst = 0;
  Numbers<double> gains(width, 0);
  const auto compare = [&](T got, double expected) {
    worst = std::max(worst, std::abs(static_cast<double>(got) - expected) / (1 + std::abs(expected)));
  };
  for (std::size_t begin = 0; begin < trial.x.size(); begin += width) {
    double mean = 0, variance = 0, level = 0, slope = 0;
    const auto size = static_cast<double>(width);
    const auto at = [&](const Numbers<T>& numbers, std::size_t j) { return static_cast<double>(numbers[begin + j]); };
    for (std::size_t j = 0; j < width; ++j) mean += at(trial.x, j) / size;
    for (std::size_t j = 0; j < width; ++j) variance += (at(trial.x, j) - mean) * (at(trial.x, j) - mean) / size;
    const double scale = 1 / std::sqrt(variance + kEpsilon);
    const auto normal = [&](std::size_t j) { return (at(trial.x, j) - mean) * scale; };
    const auto own = [&](std::size_t j) { return at(trial.grad_y, j) * static_cast<double>(trial.gain[j]); };
    for (std::size_t j = 0; j < width; ++j) {
      level += own(j) / size;
      slope += own(j) * normal(j) / size;
      gains[j] += at(trial.grad_y, j) * normal(j);
    }
    for (std::size_t j = 0; j < width; ++j) {
      compare(trial.y[begin + j], normal(j) * static_cast<double>(trial.gain[j]) + static_cast<double>(trial.shift[j]));
      compare(trial.grad_x[begin + j], scale * (own(j) - level - slope * normal(j)));
    }
  }
  for (std::size_t j = 0; j < width; ++j) compare(trial.grad_gain[j], gains[j]);
  return worst;
}

template <class T>
void try_rows(test::Random& random, std::int64_t count, std::int64_t width) {
  constexpr RowNormKernel<T> kernel = row_norm_kernel<T>();
  Trial<T> trial(random, count, width);
  kernel.forward(trial.norm, 0, count);
  kernel.grad_x(trial.norm, 0, count);
  kernel.grad_gain(trial.norm, 0, width);
  const double worst = distance(trial);
  check(worst < (sizeof(T) == 4 ? 3e-5 : 1e-12), "float%zu, %lld rows of %lld: %g apart", 8 * sizeof(T),
        (long long)count, (long long)width, worst);

  const Numbers<T> whole = trial.grad_gain;
  for (std::int64_t begin = 0; begin < width;) {
    const std::int64_t end = std::min(width, begin + random.integer(1, 7));
    kernel.grad_gain(trial.norm, begin, end);
    begin = end;
  }
  check(std::memcmp(whole.data(), trial.grad_gain.data(), whole.size() * sizeof(T)) == 0,
        "float%zu, %lld rows of %lld: other bits in parts", 8 * sizeof(T), (long long)count, (long long)width);
}

}  // namespace

int run_test(int, char**) {
  test::Random random(3);
  for (const std::int64_t width : {1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 100, 511, 512, 513, 1025})
    for (const std::int64_t count : {0, 1, 2, 5, 255, 256, 257, 513}) {
      try_rows<float>(random, count, width);
      try_rows<double>(random, count, width);
    }
  return test::result();
}
