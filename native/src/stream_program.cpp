#include "stream_program.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "denormal.hpp"
#include "stream_pack.hpp"

namespace recurra {
namespace {

// Memory from which pieces are taken. Without a base it only counts, and nothing is filled in.
class Arena {
 public:
  explicit Arena(void* base) : base_(static_cast<char*>(base)) {}

  template <class T>
  T* take(std::int64_t count) {
    used_ = (used_ + 63) / 64 * 64;
    T* const piece = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += static_cast<std::size_t>(count) * sizeof(T);
    return piece;
  }

  bool is_counting() const { return base_ == nullptr; }
  std::size_t used() const { return used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

using Gates = std::vector<std::int64_t>;

// Makes operations of layers. It runs twice: to count the memory, and to fill it.
class Packer {
 public:
  Packer(Arena& arena, StreamWeights weights, std::int64_t lanes) : arena_(arena), weights_(weights), lanes_(lanes) {}

  StreamOperation pack(const StreamLayer& layer);

  StreamScratch scratch;
  std::vector<StreamProgram::Field> fields;
  std::int64_t row_size = 0;
  std::int64_t work = 0;

 private:
  std::int64_t padded(std::int64_t size) const { return round_up(size, lanes_); }

  StreamMatrix matrix(const float* rows, std::int64_t depth, std::int64_t units, const Gates& gates);
  // (gates, units) with every gate padded; zeros if there are no numbers.
  const float* numbers(const float* from, std::int64_t units, const Gates& gates);
  std::int64_t field(std::int64_t size);
  void pack_cell(const StreamLayer& layer, StreamOperation& operation);
  void pack_gates(const StreamLayer& layer, StreamOperation& operation, const Gates& gates);

  Arena& arena_;
  StreamWeights weights_;
  std::int64_t lanes_;
  std::int64_t open_ = 0;  // residual connections
};

StreamMatrix Packer::matrix(const float* rows, std::int64_t depth, std::int64_t units, const Gates& gates) {
  const StreamColumns columns{rows, depth, units, gates};
  StreamMatrix packed;
  packed.weights = weights_;
  packed.depth = depth;
  packed.vectors = columns.vectors(lanes_);
  char* const data = arena_.take<char>(static_cast<std::int64_t>(packed_size(columns, weights_, lanes_)));
  float* scales = nullptr;
  std::int32_t* corrections = nullptr;
  if (weights_ == StreamWeights::kInt8) {
    scales = arena_.take<float>(packed.vectors * lanes_);
    corrections = arena_.take<std::int32_t>(packed.vectors * lanes_);
    scratch.quantized = std::max(scratch.quantized, round_up(depth, 64));
  }
  if (!arena_.is_counting()) pack_columns(columns, weights_, lanes_, data, scales, corrections);
  packed.data = data;
  packed.scales = scales;
  packed.corrections = corrections;
  work += depth * units * static_cast<std::int64_t>(gates.size());
  return packed;
}

const float* Packer::numbers(const float* from, std::int64_t units, const Gates& gates) {
  const std::int64_t pitch = padded(units);
  float* const to = arena_.take<float>(pitch * static_cast<std::int64_t>(gates.size()));
  if (arena_.is_counting()) return nullptr;
  std::fill_n(to, pitch * static_cast<std::int64_t>(gates.size()), 0.0f);
  if (from != nullptr)
    for (std::size_t i = 0; i < gates.size(); ++i)
      std::copy_n(from + gates[i] * units, units, to + static_cast<std::int64_t>(i) * pitch);
  return to;
}

std::int64_t Packer::field(std::int64_t size) {
  const std::int64_t at = row_size;
  fields.push_back({at, size});
  row_size += padded(size);
  return at;
}

// What gated cells have in common: W, U, and where the sums start.
void Packer::pack_gates(const StreamLayer& layer, StreamOperation& operation, const Gates& gates) {
  operation.input = matrix(layer.weight_ih, layer.inputs, layer.hidden, gates);
  operation.recurrent = matrix(layer.weight_hh, layer.outputs, layer.hidden, gates);
  operation.bias = numbers(layer.bias, layer.hidden, gates);
  scratch.sums = std::max(scratch.sums, padded(layer.hidden) * static_cast<std::int64_t>(gates.size()));
}

void Packer::pack_cell(const StreamLayer& layer, StreamOperation& operation) {
  const std::int64_t hidden = padded(layer.hidden);
  scratch.hidden = std::max({scratch.hidden, hidden, padded(layer.outputs)});
  operation.hidden_at = field(layer.outputs);
  switch (layer.kind) {
    case StreamKind::kElman: return pack_gates(layer, operation, {0});
    case StreamKind::kLstm:
      operation.cell_at = field(layer.hidden);
      pack_gates(layer, operation, {0, 1, 2, 3});
      if (layer.peepholes != nullptr) operation.peepholes = numbers(layer.peepholes, layer.hidden, {0, 1, 2});
      if (layer.projection == nullptr) return;
      operation.second = matrix(layer.projection, layer.hidden, layer.outputs, {0});
      operation.zeros = numbers(nullptr, layer.outputs, {0});
      scratch.products = std::max(scratch.products, padded(layer.outputs));
      return;
    case StreamKind::kGru:  // the candidate's input stands before both gates, its recurrent product behind them
      operation.input = matrix(layer.weight_ih, layer.inputs, layer.hidden, {2, 0, 1});
      operation.recurrent = matrix(layer.weight_hh, layer.hidden, layer.hidden, {0, 1, 2});
      operation.bias = numbers(layer.bias, layer.hidden, {2, 0, 1});
      operation.second_bias = numbers(layer.second_bias, layer.hidden, {0});
      scratch.sums = std::max(scratch.sums, 4 * hidden);
      return;
    case StreamKind::kGruResetBefore:
      operation.input = matrix(layer.weight_ih, layer.inputs, layer.hidden, {0, 1, 2});
      operation.recurrent = matrix(layer.weight_hh, layer.hidden, layer.hidden, {0, 1});
      operation.second = matrix(layer.weight_hh, layer.hidden, layer.hidden, {2});
      operation.bias = numbers(layer.bias, layer.hidden, {0, 1, 2});
      scratch.sums = std::max(scratch.sums, 3 * hidden);
      return;
    default:
      operation.cell_at = field(layer.hidden);
      pack_gates(layer, operation, {0, 1, 2, 3});
      operation.zeros = numbers(nullptr, layer.hidden, {0, 1, 2, 3});
      operation.gain = numbers(layer.gain, layer.hidden, {0, 1, 2, 3});
      operation.gain_hh = numbers(layer.gain_hh, layer.hidden, {0, 1, 2, 3});
      operation.gain_cell = numbers(layer.gain_cell, layer.hidden, {0});
      operation.bias_cell = numbers(layer.bias_cell, layer.hidden, {0});
      scratch.products = std::max(scratch.products, 4 * hidden);
  }
}

StreamOperation Packer::pack(const StreamLayer& layer) {
  StreamOperation operation;
  operation.kind = layer.kind;
  operation.function = layer.function;
  operation.variant = layer.variant;
  operation.inputs = layer.inputs;
  operation.outputs = layer.outputs;
  operation.hidden = layer.hidden;
  operation.vocabulary = layer.vocabulary;
  operation.epsilon = static_cast<float>(layer.epsilon);
  operation.slope = static_cast<float>(layer.slope);
  operation.zoneout_hidden = static_cast<float>(layer.zoneout_hidden);
  operation.zoneout_cell = static_cast<float>(layer.zoneout_cell);
  scratch.numbers = std::max({scratch.numbers, padded(layer.inputs), padded(layer.outputs)});
  switch (layer.kind) {
    case StreamKind::kEmbedding: {
      Gates rows(static_cast<std::size_t>(layer.vocabulary));
      for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = static_cast<std::int64_t>(row);
      operation.table = numbers(layer.weight_ih, layer.outputs, rows);
      break;
    }
    case StreamKind::kAffine:
      operation.input = matrix(layer.weight_ih, layer.inputs, layer.outputs, {0});
      operation.bias = numbers(layer.bias, layer.outputs, {0});
      break;
    case StreamKind::kLayerNorm:
    case StreamKind::kScaling:
      operation.gain = numbers(layer.gain, layer.outputs, {0});
      operation.bias = numbers(layer.bias, layer.outputs, {0});
      break;
    case StreamKind::kActivation:
    case StreamKind::kSoftmax: break;
    case StreamKind::kRunning:
      operation.hidden_at = field(layer.outputs);
      operation.cell_at = field(1);
      break;
    case StreamKind::kKeep:
      operation.kept = open_++;
      scratch.kept = std::max(scratch.kept, open_);
      break;
    case StreamKind::kAddKept: operation.kept = --open_; break;
    default: pack_cell(layer, operation);
  }
  return operation;
}

// Large weights lie in large pages, where the system has them: otherwise a step waits for an address at every page.
constexpr std::size_t kLargePage = std::size_t{1} << 21;

std::unique_ptr<void, Freed> allocate_weights(std::size_t size) {
  if (size < kLargePage / 8) return allocate_aligned(size);
  const std::size_t rounded = (size + kLargePage - 1) / kLargePage * kLargePage;
  void* const memory = std::aligned_alloc(kLargePage, rounded);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return std::unique_ptr<void, Freed>(memory);
}

// Scratch memory of a thread, kept from call to call.
void* thread_scratch(std::size_t size) {
  thread_local std::unique_ptr<void, Freed> memory;
  thread_local std::size_t room = 0;
  if (room < size) {
    memory = allocate_aligned(size);
    room = size;
  }
  return memory.get();
}

}  // namespace

StreamProgram::StreamProgram(const std::vector<StreamLayer>& layers, StreamWeights weights, const Kernels& kernels)
    : kernels_(kernels) {
  const std::int64_t lanes = kernels.stream->lanes;
  Arena counting(nullptr);
  Packer counter(counting, weights, lanes);
  for (const StreamLayer& layer : layers) counter.pack(layer);
  weights_size_ = counting.used();
  memory_ = allocate_weights(weights_size_);
  Arena arena(memory_.get());
  Packer packer(arena, weights, lanes);
  for (const StreamLayer& layer : layers) operations_.push_back(packer.pack(layer));
  fields_ = packer.fields;
  row_size_ = round_up(packer.row_size, 16);
  for (const Field& field : fields_) state_size_ += field.size;
  work_ = packer.work;
  plan_.operations = operations_.data();
  plan_.count = static_cast<std::int64_t>(operations_.size());
  plan_.input_size = layers.front().inputs;
  plan_.output_size = layers.back().outputs;
  plan_.takes_ids = layers.front().kind == StreamKind::kEmbedding;
  plan_.weights = weights;
  plan_.scratch = packer.scratch;
  plan_.scratch.sums += 16;  // or rows of a power of two would share a few lines of the cache
}

void StreamProgram::run(const StreamCall& call) const {
  const std::int64_t rows = std::min(kStreamRows, std::max(call.sessions, call.steps));
  void* const scratch = thread_scratch(stream_scratch_size(plan_.scratch, rows));
  const FlushDenormals flush;
  kernels_.stream->run(plan_, call, scratch);
}

void StreamProgram::read_state(const float* row, float* to) const {
  for (const Field& field : fields_) to = std::copy_n(row + field.at, field.size, to);
}

void StreamProgram::write_state(float* row, const float* from) const {
  for (const Field& field : fields_) {
    std::copy_n(from, field.size, row + field.at);
    from += field.size;
  }
}

float StreamProgram::read_weights() const {
  return kernels_.stream->read(static_cast<const float*>(memory_.get()), static_cast<std::int64_t>(weights_size_ / 4));
}

}  // namespace recurra
