// A layer's call reads and writes what it was given and no more, gives the same bits on any number of threads but for
// what threads sum by themselves, and reads nothing in its scratch memory that it did not write.
//
// usage: layer [how many problems for each cell and type]
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "call.hpp"
#include "layer.hpp"

namespace {

using namespace recurra;
using namespace recurra::test;

constexpr std::int64_t kGates[kCells] = {1, 4, 3, 3, 4};

template <class T>
using Tensors = std::map<std::string, Memory<T>>;

// A layer of random sizes and options, with its tensors in exactly as much memory as they take.
template <class T>
struct Trial {
  Trial(Random& random, Cell cell) {
    layer.cell = cell;
    layer.nonlinearity = cell == kElman ? random.integer(kTanh, kLinear) : 0;
    layer.directions = random.integer(1, 2);
    layer.reverse = layer.directions == 1 && random.chance(0.5);
    layer.batch = random.integer(0, 9);
    layer.steps = random.integer(0, 7);
    layer.features = random.integer(1, 20);
    layer.hidden = random.integer(1, 40);
    layer.outputs_size = cell == kLstm && random.chance(0.3) ? random.integer(1, 40) : layer.hidden;
    layer.time_major = random.chance(0.5);
    layer.saved_rows = layer.batch * layer.steps + random.integer(0, 3);
    layer.epsilon = 0.1;
    layer.fills = 1;
    width = kGates[cell] * layer.hidden;
    if (random.chance(0.6)) {
      for (std::int64_t row = 0; row < layer.batch; ++row) lengths.push_back(random.integer(0, layer.steps));
      if (!lengths.empty()) layer.lengths = lengths.data();
    }
    if (random.chance(0.3)) {
      resets = random_marks(random, layer.batch * layer.steps, 0.3);
      if (!resets.empty()) layer.resets = resets.data();
    }
    fill(random);
  }

  void fill(Random& random) {
    const bool is_normal = layer.cell == kLayerNormLstm, has_cell = layer.cell == kLstm || is_normal;
    const bool has_bias = is_normal || random.chance(0.8);
    const std::int64_t states = layer.batch * layer.outputs_size, cells = layer.batch * layer.hidden;
    const auto give = [&](const char* name, const T*& field, std::int64_t size, bool is_there = true) {
      if (is_there) field = given.emplace(name, Memory<T>(random_values(random, layer.directions * size, 1))).first->second.data();
    };
    give("weight_ih", layer.weight_ih, width * layer.features);
    give("weight_hh", layer.weight_hh, width * layer.outputs_size);
    give("bias_ih", layer.bias_ih, width, has_bias);
    give("bias_hh", layer.bias_hh, width, has_bias && !is_normal);
    give("projection", layer.projection, layer.outputs_size * layer.hidden, layer.outputs_size != layer.hidden);
    give("peepholes", layer.peepholes, 3 * layer.hidden, layer.cell == kLstm && random.chance(0.3));
    give("gain_ih", layer.gain_ih, width, is_normal);
    give("gain_hh", layer.gain_hh, width, is_normal);
    give("gain_cell", layer.gain_cell, layer.hidden, is_normal);
    give("bias_cell", layer.bias_cell, layer.hidden, is_normal);
    give("hidden_first", layer.hidden_first, states);
    give("cell_first", layer.cell_first, cells, has_cell);
    give("mask", layer.mask, states, random.chance(0.3));
    give("grad_outputs", layer.grad_outputs, layer.batch * layer.steps * layer.outputs_size, random.chance(0.8));
    give("grad_hidden_last", layer.grad_hidden_last, states, random.chance(0.8));
    give("grad_cell_last", layer.grad_cell_last, cells, has_cell && random.chance(0.8));
    input = std::make_unique<Memory<T>>(random_values(random, layer.batch * layer.steps * layer.features, 1));
    layer.input = input->data();
    wants_input = random.chance(0.7);
  }

  // Everything that the two passes leave, on so many threads.
  Tensors<T> run(int threads) const {
    Layer<T> call = layer;
    Tensors<T> found;
    const bool is_normal = layer.cell == kLayerNormLstm, has_cell = layer.cell == kLstm || is_normal;
    const std::int64_t directions = layer.directions, states = layer.batch * layer.outputs_size;
    const std::int64_t padded = layer.batch * layer.steps;
    const auto room = [&](const char* name, T*& field, std::int64_t size, bool is_there = true) {
      if (is_there) field = found.emplace(name, Memory<T>(size)).first->second.data();
    };
    room("outputs", call.outputs, padded * directions * layer.outputs_size);
    room("hidden_last", call.hidden_last, directions * states);
    room("cell_last", call.cell_last, directions * layer.batch * layer.hidden, has_cell);
    Tensors<T> saved;
    const auto keep = [&](const char* name, T*& field, std::int64_t size) {
      field = saved.emplace(name, Memory<T>(directions * layer.saved_rows * size)).first->second.data();
    };
    keep("gates", call.gates, width);
    if (has_cell) keep("cells", call.cells, layer.hidden);
    const std::int64_t extra = is_normal ? 4 * layer.hidden + 3 : layer.cell == kElman ? 0 : layer.hidden;
    if (extra > 0 && (layer.cell != kLstm || layer.projection != nullptr)) keep("extra", call.extra, extra);
    if (is_normal) keep("products", call.products, width), keep("moments", call.moments, 2);
    check(run_forward(call, threads, nullptr), "nobody stopped the call");

    room("grad_input", call.grad_input, padded * layer.features, wants_input);
    room("grad_weight_ih", call.grad_weight_ih, directions * width * layer.features);
    room("grad_weight_hh", call.grad_weight_hh, directions * width * layer.outputs_size);
    room("grad_bias_ih", call.grad_bias_ih, directions * width, layer.bias_ih != nullptr);
    room("grad_bias_hh", call.grad_bias_hh, directions * width, layer.cell == kGru && layer.bias_hh != nullptr);
    room("grad_projection", call.grad_projection, directions * layer.outputs_size * layer.hidden,
         layer.projection != nullptr);
    room("grad_peepholes", call.grad_peepholes, directions * 3 * layer.hidden, layer.peepholes != nullptr);
    room("grad_gain_ih", call.grad_gain_ih, directions * width, is_normal);
    room("grad_gain_hh", call.grad_gain_hh, directions * width, is_normal);
    room("grad_gain_cell", call.grad_gain_cell, directions * layer.hidden, is_normal);
    room("grad_bias_cell", call.grad_bias_cell, directions * layer.hidden, is_normal);
    room("grad_hidden_first", call.grad_hidden_first, directions * states);
    room("grad_cell_first", call.grad_cell_first, directions * layer.batch * layer.hidden, has_cell);
    check(run_backward(call, threads, nullptr), "nobody stopped the call");
    return found;
  }

  Layer<T> layer;
  std::int64_t width = 0;
  bool wants_input = false;
  std::vector<std::int64_t> lengths;
  std::vector<std::uint8_t> resets;
  Tensors<T> given;
  std::unique_ptr<Memory<T>> input;
};

// What each thread sums up over its rows before all are summed up.
constexpr std::array<const char*, 4> kThreadSums = {"grad_peepholes", "grad_gain_hh", "grad_gain_cell",
                                                    "grad_bias_cell"};

template <class T>
void try_cell(Random& random, Cell cell) {
  const Trial<T> trial(random, cell);
  const Tensors<T> one = trial.run(1), again = trial.run(1), three = trial.run(3);
  for (const auto& [name, values] : one) {
    bool is_sum = false;
    for (const char* sum : kThreadSums) is_sum = is_sum || name == sum;
    for (std::int64_t i = 0; i < values.size(); ++i) {
      const T other = again.at(name)[i], shared = three.at(name)[i];
      check(std::isfinite(values[i]), "cell %d, float%zu: %s is not all written", cell, 8 * sizeof(T), name.c_str());
      check(std::memcmp(&values[i], &other, sizeof(T)) == 0, "cell %d, float%zu: %s differs the second time", cell,
            8 * sizeof(T), name.c_str());
      check(is_sum || std::memcmp(&values[i], &shared, sizeof(T)) == 0, "cell %d, float%zu: %s differs on three threads",
            cell, 8 * sizeof(T), name.c_str());
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int problems = count > 1 ? std::atoi(arguments[1]) : 100;
  Random random(11);
  for (int number = 0; number < problems; ++number)
    for (int cell = 0; cell < kCells; ++cell) {
      try_cell<float>(random, static_cast<Cell>(cell));
      try_cell<double>(random, static_cast<Cell>(cell));
    }
  return result();
}
