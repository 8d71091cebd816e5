// Every cell, there and back, against its equations on exact numbers: random sizes and options, all instruction sets,
// threads that share rows and threads that share columns.
//
// usage: cells [rounds]
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>

#include "call.hpp"
#include "kernels.hpp"

namespace {

using namespace recurra;
using namespace recurra::test;

struct Variant {
  const char* name;
  Cell cell;
  Nonlinearity nonlinearity = kTanh;
};

constexpr Variant kVariants[] = {
    {"elman", kElman},
    {"elman_relu", kElman, kRelu},
    {"elman_linear", kElman, kLinear},
    {"lstm", kLstm},
    {"gru", kGru},
    {"gru_reset_before", kGruResetBefore},
    {"layer_norm_lstm", kLayerNormLstm},
};

template <class T>
constexpr Real kTolerance = sizeof(T) == 4 ? 2e-5L : 1e-12L;

// What is said about a call that gave a wrong number.
struct Place {
  const char* kernels;
  const char* variant;
  const Problem* problem;
  Manner manner;
  std::size_t digits;
};

template <class Ours>
void compare(const Place& place, const std::string& name, const Ours& ours, const Values& exact) {
  const Problem& p = *place.problem;
  Real most = 1e-3L, off = 0;
  check(ours.size() == exact.size(), "%s has %zu numbers instead of %zu", name.c_str(), ours.size(), exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    most = std::max(most, std::fabs(exact[i]));
    const Real distance = std::fabs(static_cast<Real>(ours[i]) - exact[i]);
    off = std::isnan(distance) ? INFINITY : std::max(off, distance);
  }
  const Real tolerance = place.digits == 4 ? kTolerance<float> : kTolerance<double>;
  check(off <= tolerance * most,
        "%s float%zu %s of %s: %.3g off, largest %.3g (batch %d, steps %d, hidden %d, outputs %d, lengths %d, "
        "resets %d, mask %d, zoneout %g %g drawn %d, reverse %d, time first %d, threads %d)",
        place.kernels, 8 * place.digits, name.c_str(), place.variant, double(off), double(most), int(p.batch),
        int(p.steps), int(p.hidden), int(p.outputs), place.manner.has_lengths, !p.resets.empty(), !p.mask.empty(),
        p.rate_hidden, p.rate_cell, !p.kept_hidden.empty(), p.reverse, place.manner.time_major, place.manner.threads);
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// The gains and the bias of layer normalisation have one gradient behind the other.
Values all_gains(const Solution& solution) {
  Values gains = solution.at("grad_gain_hh");
  for (const char* name : {"grad_gain_cell", "grad_bias_cell"})
    gains.insert(gains.end(), solution.at(name).begin(), solution.at(name).end());
  return gains;
}

template <class T>
class Trial {
 public:
  Trial(const Variant& variant, const std::vector<Problem>& problems, const std::vector<Solution>& solutions)
      : variant_(variant), problems_(problems), solutions_(solutions) {}

  void run(const Kernels& kernels, const Manner& manner) {
    choose_kernels(kernels.name);
    kernels_ = kernels.name;
    Call<T> call(problems_, manner);
    check(call.run_forward(), "nobody stopped the call");
    std::vector<std::map<std::string, std::vector<T>>> results;
    for (std::size_t d = 0; d < problems_.size(); ++d) {
      results.push_back(call.forward_results(d));
      for (const auto& [name, values] : results[d]) compare(place(d, manner), name, values, solutions_[d].at(name));
    }
    rows_do_not_matter(results, manner);
    if (!manner.saves) return;
    check(call.run_backward(), "nobody stopped the call");
    for (std::size_t d = 0; d < problems_.size(); ++d)
      for (const auto& [name, values] : call.backward_results(d))
        compare(place(d, manner), name, values,
                name == "grad_gains" ? all_gains(solutions_[d]) : solutions_[d].at(name));
  }

 private:
  Place place(std::size_t d, const Manner& manner) const {
    return {kernels_, variant_.name, &problems_[d], manner, sizeof(T)};
  }

  // A row alone, in another order in memory and by one thread, gives the bits that it gives in the batch.
  void rows_do_not_matter(const std::vector<std::map<std::string, std::vector<T>>>& results, const Manner& manner) {
    const std::int64_t batch = problems_.front().batch;
    for (const std::int64_t row : {std::int64_t{0}, batch / 2, batch - 1}) {
      std::vector<Problem> one;
      for (const Problem& problem : problems_) one.push_back(alone(problem, row));
      Call<T> call(one, {1, !manner.time_major, true, !manner.saves, nullptr});
      call.run_forward();
      for (std::size_t d = 0; d < one.size(); ++d)
        for (const auto& [name, values] : call.forward_results(d))
          check(same_bits(values, row_of(results[d].at(name), row, batch)),
                "%s float%zu: a row alone has other bits in %s of %s (hidden %d, batch %d, threads %d)", kernels_,
                8 * sizeof(T), name.c_str(), variant_.name, int(one[d].hidden), int(batch), manner.threads);
    }
  }

  const Variant& variant_;
  const std::vector<Problem>& problems_;
  const std::vector<Solution>& solutions_;
  const char* kernels_ = "";
};

void try_variant(Random& random, const Variant& variant, const Kernels& kernels) {
  const Shape shape = random_shape(random, variant.cell);
  const bool both = random.chance(0.3), reverse = random.chance(0.4);
  std::vector<Problem> problems;
  std::vector<Solution> solutions;
  for (int d = 0; d <= int(both); ++d) {
    problems.push_back(random_problem(random, shape, both ? d == 1 : reverse, variant.nonlinearity));
    solutions.push_back(Naive(problems.back()).solve());
  }
  for (int threads = 1; threads <= 3; ++threads) {
    const Manner manner{threads, random.chance(0.5), shape.has_lengths || random.chance(0.2), random.chance(0.8)};
    Trial<float>(variant, problems, solutions).run(kernels, manner);
    Trial<double>(variant, problems, solutions).run(kernels, manner);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 60;
  const Kernels* list[8];
  const int usable = usable_kernels(list, 8);
  for (int i = 0; i < usable; ++i) {
    Random random(7);
    for (int round = 0; round < rounds; ++round)
      for (const Variant& variant : kVariants) try_variant(random, variant, *list[i]);
  }
  return result();
}
