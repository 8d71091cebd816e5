// Sessions and pools of every layer: whole = chunks = steps = in company, on every instruction set; and what a
// sanitizer should see of the store.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "check.hpp"
#include "stream_pack.hpp"
#include "stream_session.hpp"

namespace {

using namespace recurra;
using test::check;

using Numbers = std::unique_ptr<float[]>;

struct Drawn {
  std::vector<StreamLayer> layers;
  std::vector<Numbers> weights;
};

class Drawer {
 public:
  explicit Drawer(test::Random& random) : random_(random) {}

  // Some layers on each other.
  Drawn draw() {
    size_ = random_.integer(1, 70);
    if (random_.chance(0.2)) embed();
    const std::int64_t count = random_.integer(1, 3);
    for (std::int64_t i = 0; i < count; ++i) add(static_cast<StreamKind>(random_.integer(1, 11)));
    return std::move(drawn_);
  }

 private:
  const float* numbers(std::int64_t count) {
    auto piece = std::make_unique<float[]>(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) piece[static_cast<std::size_t>(i)] = static_cast<float>(random_.uniform(-0.5, 0.5));
    drawn_.weights.push_back(std::move(piece));
    return drawn_.weights.back().get();
  }
  const float* perhaps(std::int64_t count) { return random_.chance(0.7) ? numbers(count) : nullptr; }

  void embed() {
    StreamLayer layer;
    layer.kind = StreamKind::kEmbedding;
    layer.vocabulary = 9;
    layer.inputs = 1;
    layer.outputs = size_;
    layer.weight_ih = numbers(9 * size_);
    drawn_.layers.push_back(layer);
  }

  void add(StreamKind kind) {
    StreamLayer layer;
    layer.kind = kind;
    layer.function = static_cast<StreamFunction>(random_.integer(0, kStreamFunctions - 1));
    layer.variant = random_.chance(0.5);
    layer.epsilon = 1e-3;
    layer.slope = 0.1;
    layer.inputs = size_;
    layer.outputs = size_;
    const bool is_cell = kind >= StreamKind::kElman && kind <= StreamKind::kLayerNormLstm;
    if (is_cell) add_cell(layer);
    if (kind == StreamKind::kAffine) {
      layer.outputs = random_.integer(1, 70);
      layer.weight_ih = numbers(layer.outputs * size_);
      layer.bias = perhaps(layer.outputs);
    }
    if (kind == StreamKind::kLayerNorm || kind == StreamKind::kScaling) {
      layer.gain = numbers(size_);
      layer.bias = perhaps(size_);
    }
    size_ = layer.outputs;
    const bool is_residual = layer.inputs == layer.outputs && random_.chance(0.3);
    const bool is_first = drawn_.layers.empty();
    if (is_residual && !is_first) drawn_.layers.push_back(around(StreamKind::kKeep));
    drawn_.layers.push_back(layer);
    if (is_residual && !is_first) drawn_.layers.push_back(around(StreamKind::kAddKept));
  }

  StreamLayer around(StreamKind kind) const {
    StreamLayer layer;
    layer.kind = kind;
    layer.inputs = layer.outputs = size_;
    return layer;
  }

  void add_cell(StreamLayer& layer) {
    const std::int64_t hidden = layer.hidden = layer.outputs = random_.integer(1, 70);
    const bool is_lstm = layer.kind == StreamKind::kLstm;
    const bool has_four = is_lstm || layer.kind == StreamKind::kLayerNormLstm;
    const std::int64_t rows = hidden * (layer.kind == StreamKind::kElman ? 1 : has_four ? 4 : 3);
    if (is_lstm && random_.chance(0.3)) {
      layer.outputs = random_.integer(1, 70);
      layer.projection = numbers(layer.outputs * hidden);
    }
    layer.weight_ih = numbers(rows * layer.inputs);
    layer.weight_hh = numbers(rows * layer.outputs);
    layer.bias = perhaps(rows);
    layer.second_bias = perhaps(hidden);
    layer.zoneout_hidden = random_.chance(0.5) ? 0.2 : 0;
    layer.zoneout_cell = random_.chance(0.5) ? 0.1 : 0;
    if (is_lstm) layer.peepholes = perhaps(3 * hidden);
    layer.gain = numbers(rows);
    layer.gain_hh = numbers(rows);
    layer.gain_cell = numbers(hidden);
    layer.bias_cell = numbers(hidden);
  }

  test::Random& random_;
  Drawn drawn_;
  std::int64_t size_ = 0;
};

// Input of some steps, and room for their output, of exactly that many numbers.
struct Tape {
  Tape(test::Random& random, const StreamPlan& plan, std::int64_t count)
      : input(std::make_unique<float[]>(static_cast<std::size_t>(count * plan.input_size))),
        ids(std::make_unique<std::int64_t[]>(static_cast<std::size_t>(count))),
        output(std::make_unique<float[]>(static_cast<std::size_t>(count * plan.output_size))),
        plan_(plan) {
    for (std::int64_t i = 0; i < count * plan.input_size; ++i)
      input[static_cast<std::size_t>(i)] = static_cast<float>(random.uniform(-2, 2));
    for (std::int64_t i = 0; i < count; ++i) ids[static_cast<std::size_t>(i)] = random.integer(0, 8);
  }

  StreamCall call(std::int64_t begin, std::int64_t steps) const {
    StreamCall call;
    call.steps = steps;
    call.input = input.get() + begin * plan_.input_size;
    call.ids = ids.get() + begin;
    call.output = output.get() + begin * plan_.output_size;
    return call;
  }

  bool same(const Tape& other, std::int64_t count) const {
    return std::memcmp(output.get(), other.output.get(), static_cast<std::size_t>(count * plan_.output_size) * 4) == 0;
  }

  Numbers input;
  std::unique_ptr<std::int64_t[]> ids;
  Numbers output;

 private:
  const StreamPlan& plan_;
};

void try_program(test::Random& random, const std::shared_ptr<StreamProgram>& program, const char* name) {
  const std::int64_t count = random.integer(1, 120);
  const std::uint64_t seed = random.bits();
  const auto tape = [&] {
    test::Random same(seed);
    return Tape(same, program->plan(), count);
  };
  const Tape whole = tape(), chunks = tape(), steps = tape(), company = tape();
  StreamSession(program).run(whole.call(0, count));
  const StreamSession chunked(program), stepped(program);
  for (std::int64_t begin = 0; begin < count;) {
    const std::int64_t length = std::min(random.integer(1, 60), count - begin);
    chunked.run(chunks.call(begin, length));
    begin += length;
  }
  for (std::int64_t step = 0; step < count; ++step) stepped.run(steps.call(step, 1));
  check(whole.same(chunks, count), "%s: chunks differ from the whole", name);
  check(whole.same(steps, count), "%s: steps differ from the whole", name);

  // Every step as that of a session of its own, whose state it is given.
  StreamPool pool(program, count + 2, 2);
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
  pool.create(ids.data(), count);
  const StreamSession walked(program);
  std::vector<float> state(static_cast<std::size_t>(program->state_size()) + 1);
  for (std::int64_t step = 0; step < count; ++step) {
    program->read_state(walked.state(), state.data());
    pool.write_states(&ids[static_cast<std::size_t>(step)], 1, state.data());
    walked.run(steps.call(step, 1));
  }
  check(pool.first_wrong(ids.data(), count) == -1, "%s: a good id counts as wrong", name);
  check(pool.select(ids.data(), count), "%s: good ids are not chosen", name);
  std::fill(ids.begin(), ids.end(), -1);  // as somebody else might
  pool.step(company.call(0, 1));
  check(whole.same(company, count), "%s: company changes a session", name);
}

void try_store(test::Random& random, const std::shared_ptr<StreamProgram>& program) {
  StreamPool pool(program, 3, 1);
  std::int64_t ids[3];
  pool.create(ids, 3);
  check(pool.count() == 3 && pool.has(ids[1]), "three sessions of three are not there");
  const Tape tape(random, program->plan(), 3);
  check(pool.select(ids, 3), "good ids are not chosen");
  pool.step(tape.call(0, 1));
  pool.evict(&ids[1], 1);
  check(!pool.has(ids[1]) && pool.first_wrong(ids, 3) == 1, "an evicted session is there");
  std::int64_t later;
  pool.create(&later, 1);
  check(later != ids[1] && pool.has(later) && !pool.has(ids[1]), "an id is given twice");
  std::vector<float> state(static_cast<std::size_t>(program->state_size()) + 1, 1.0f);
  pool.read_states(&later, 1, state.data());
  for (std::int64_t i = 0; i < program->state_size(); ++i)
    check(state[static_cast<std::size_t>(i)] == 0, "a new session has somebody's state");
  const std::int64_t twice[] = {ids[0], later, ids[0]};
  check(pool.first_wrong(twice, 3) == 2 && !pool.select(twice, 3), "a session counts twice");
  const std::int64_t wrong[] = {ids[0], -1, std::int64_t{1} << 62};
  check(pool.first_wrong(wrong, 3) == 1 && !pool.has(wrong[2]), "a number that is no id counts as one");
  const std::int64_t clash[] = {0, std::int64_t{1} << StreamPool::kPlaceBits};
  check(!pool.replace_all(clash, 2, 5) && pool.count() == 3, "two sessions are put into one place");
  const std::int64_t outside[] = {3};
  check(!pool.replace_all(outside, 1, 5), "a session is put into a place that does not exist");
  check(!pool.replace_all(ids, 1, 0), "a session of a serial number to come is put in");
  check(pool.replace_all(nullptr, 0, StreamPool::kMostSerials - 2), "the last serial numbers are refused");
  check(pool.has_room(2) && !pool.has_room(3), "there are more serial numbers than fit into an id");
  pool.create(ids, 2);
  check(ids[0] > 0 && ids[1] > 0 && pool.has(ids[1]) && !pool.has_room(1), "the last ids are negative");
}

}  // namespace

int main(int count, char** arguments) {
  const int trials = count > 1 ? std::atoi(arguments[1]) : 100;
  const Kernels* list[8];
  const int sets = usable_kernels(list, 8);
  test::Random random(3);
  for (int trial = 0; trial < trials; ++trial) {
    const Drawn drawn = Drawer(random).draw();
    for (int set = 0; set < sets; ++set)
      for (const auto weights : {StreamWeights::kFloat32, StreamWeights::kBfloat16, StreamWeights::kInt8}) {
        const auto program = std::make_shared<StreamProgram>(drawn.layers, weights, *list[set]);
        try_program(random, program, list[set]->name);
        if (trial < 3) try_store(random, program);
      }
  }
  return test::result();
}
