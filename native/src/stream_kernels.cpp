// Walking through a stream program: compiled once for each instruction set.
#include <cstring>
#include <utility>

#include "stream_cells.hpp"
#include "stream_product.hpp"

namespace recurra::RECURRA_ISA {
namespace {

// The rows that go through all layers together, and their scratch memory.
class Block {
 public:
  Block(const StreamPlan& plan, const StreamCall& call, std::int64_t rows, void* scratch)
      : plan_(plan), states_(call.states), sessions_(call.sessions), rows_(rows), memory_(static_cast<char*>(scratch)) {
    const StreamScratch& sizes = plan.scratch;
    current_ = take(sizes.numbers);
    next_ = take(sizes.numbers);
    sums_ = take(sizes.sums);
    products_ = take(sizes.products);
    hidden_ = take(sizes.hidden);
    second_ = take(sizes.hidden);
    kept_ = take(sizes.kept * sizes.numbers);
    quantized_ = {reinterpret_cast<std::int8_t*>(take_bytes(rows * sizes.quantized)), sizes.quantized, take(1).data};
  }

  void read(const float* input) {
    const std::int64_t size = plan_.input_size;
    for (std::int64_t row = 0; row < rows_; ++row)
      std::memcpy(current_.row(row), input + row * size, static_cast<std::size_t>(size) * sizeof(float));
  }

  // The ids were in range when the call began; whoever writes to the array meanwhile gets other rows, no other memory.
  void look_up(const StreamOperation& operation, const std::int64_t* ids) {
    const std::int64_t size = padded(operation.outputs);
    for (std::int64_t row = 0; row < rows_; ++row) {
      const std::int64_t given = __atomic_load_n(ids + row, __ATOMIC_RELAXED);
      const std::int64_t id = given >= 0 && given < operation.vocabulary ? given : 0;
      std::memcpy(current_.row(row), operation.table + id * size, static_cast<std::size_t>(size) * sizeof(float));
    }
  }

  void run(const StreamOperation& operation);

  void write(float* output) const {
    const std::int64_t size = plan_.output_size;
    for (std::int64_t row = 0; row < rows_; ++row)
      std::memcpy(output + row * size, current_.row(row), static_cast<std::size_t>(size) * sizeof(float));
  }

 private:
  char* take_bytes(std::int64_t size) {
    char* const piece = memory_;
    memory_ += rounded_up(size, 64);
    return piece;
  }
  Numbers take(std::int64_t pitch) { return {reinterpret_cast<float*>(take_bytes(rows_ * pitch * 4)), pitch}; }

  void multiply(const StreamMatrix& matrix, std::int64_t rows, ConstNumbers left, ConstNumbers start, Numbers out) {
    stream_product(matrix, rows, left, start, out, quantized_);
  }

  // What the inputs of all rows add to the sums.
  void project(const StreamOperation& operation, const float* start) {
    multiply(operation.input, rows_, current_, {start, 0}, sums_);
  }

  // The hidden states that enter a step.
  ConstNumbers hidden(const StreamOperation& operation, std::int64_t size) {
    if (sessions_ == 1) return {states_[0] + operation.hidden_at, 0};
    for (std::int64_t row = 0; row < sessions_; ++row)
      std::memcpy(hidden_.row(row), states_[row] + operation.hidden_at, static_cast<std::size_t>(size) * sizeof(float));
    return hidden_;
  }

  static Numbers from_row(Numbers numbers, std::int64_t row, std::int64_t column = 0) {
    return {numbers.row(row) + column, numbers.pitch};
  }

  // Call step(first row) for every step, and unit(row, session) for every row after it.
  template <class Step, class Unit>
  void walk(Step step, Unit unit) {
    for (std::int64_t first = 0; first < rows_; first += sessions_) {
      step(first);
      for (std::int64_t session = 0; session < sessions_; ++session) unit(first + session, session);
    }
    std::swap(current_, next_);
  }

  void run_elman(const StreamOperation& operation);
  void run_lstm(const StreamOperation& operation);
  void run_gru(const StreamOperation& operation);
  void run_gru_reset_before(const StreamOperation& operation);
  void run_layer_norm_lstm(const StreamOperation& operation);

  template <class Function>
  void for_rows(Function function) {
    for (std::int64_t row = 0; row < rows_; ++row) function(current_.row(row), row);
  }

  const StreamPlan& plan_;
  float* const* states_;
  std::int64_t sessions_;
  std::int64_t rows_;
  char* memory_;
  Numbers current_, next_, sums_, products_, hidden_, second_, kept_;
  QuantizedScratch quantized_;
};

void Block::run_elman(const StreamOperation& operation) {
  project(operation, operation.bias);
  walk(
      [&](std::int64_t first) {
        const Numbers sums = from_row(sums_, first);
        multiply(operation.recurrent, sessions_, hidden(operation, operation.hidden), sums, sums);
      },
      [&](std::int64_t row, std::int64_t session) {
        elman_step(operation, sums_.row(row), states_[session], next_.row(row));
      });
}

void Block::run_lstm(const StreamOperation& operation) {
  const bool is_projected = operation.second.data != nullptr;
  project(operation, operation.bias);
  walk(
      [&](std::int64_t first) {
        const Numbers sums = from_row(sums_, first);
        multiply(operation.recurrent, sessions_, hidden(operation, operation.outputs), sums, sums);
        if (!is_projected) return;
        for (std::int64_t session = 0; session < sessions_; ++session)
          lstm_step(operation, sums.row(session), states_[session], nullptr, second_.row(session));
        multiply(operation.second, sessions_, second_, {operation.zeros, 0}, products_);
      },
      [&](std::int64_t row, std::int64_t session) {
        if (!is_projected) return lstm_step(operation, sums_.row(row), states_[session], next_.row(row), nullptr);
        for (std::int64_t j = 0; j < operation.outputs; j += kLanes<float>)
          keep_hidden(operation, states_[session], next_.row(row), j, load(products_.row(session) + j));
      });
}

void Block::run_gru(const StreamOperation& operation) {
  const std::int64_t size = padded(operation.hidden);
  project(operation, operation.bias);
  walk(
      [&](std::int64_t first) {
        for (std::int64_t row = first; row < first + sessions_; ++row)
          std::memcpy(sums_.row(row) + 3 * size, operation.second_bias, static_cast<std::size_t>(size) * sizeof(float));
        const Numbers sums = from_row(sums_, first, size);
        multiply(operation.recurrent, sessions_, hidden(operation, operation.hidden), sums, sums);
      },
      [&](std::int64_t row, std::int64_t session) {
        gru_step(operation, sums_.row(row), states_[session], next_.row(row));
      });
}

void Block::run_gru_reset_before(const StreamOperation& operation) {
  const std::int64_t size = padded(operation.hidden);
  project(operation, operation.bias);
  walk(
      [&](std::int64_t first) {
        const Numbers sums = from_row(sums_, first);
        multiply(operation.recurrent, sessions_, hidden(operation, operation.hidden), sums, sums);
        for (std::int64_t session = 0; session < sessions_; ++session)
          gru_reset(operation, sums.row(session), states_[session], second_.row(session));
        const Numbers candidate = from_row(sums_, first, 2 * size);
        multiply(operation.second, sessions_, second_, candidate, candidate);
      },
      [&](std::int64_t row, std::int64_t session) {
        gru_reset_before_step(operation, sums_.row(row), states_[session], next_.row(row));
      });
}

void Block::run_layer_norm_lstm(const StreamOperation& operation) {
  project(operation, operation.zeros);
  for (std::int64_t row = 0; row < rows_; ++row) normalize_input(operation, sums_.row(row));
  walk(
      [&](std::int64_t) {
        multiply(operation.recurrent, sessions_, hidden(operation, operation.hidden), {operation.zeros, 0}, products_);
      },
      [&](std::int64_t row, std::int64_t session) {
        layer_norm_lstm_step(operation, sums_.row(row), products_.row(session), states_[session], next_.row(row));
      });
}

void Block::run(const StreamOperation& operation) {
  switch (operation.kind) {
    case StreamKind::kEmbedding: return;
    case StreamKind::kAffine:
      multiply(operation.input, rows_, current_, {operation.bias, 0}, next_);
      return std::swap(current_, next_);
    case StreamKind::kElman: return run_elman(operation);
    case StreamKind::kLstm: return run_lstm(operation);
    case StreamKind::kGru: return run_gru(operation);
    case StreamKind::kGruResetBefore: return run_gru_reset_before(operation);
    case StreamKind::kLayerNormLstm: return run_layer_norm_lstm(operation);
    case StreamKind::kLayerNorm: return for_rows([&](float* row, std::int64_t) { layer_norm(operation, row, row); });
    case StreamKind::kActivation: return for_rows([&](float* row, std::int64_t) { activate(operation, row, row); });
    case StreamKind::kSoftmax: return for_rows([&](float* row, std::int64_t) { softmax(operation, row, row); });
    case StreamKind::kScaling: return for_rows([&](float* row, std::int64_t) { scaling(operation, row, row); });
    case StreamKind::kRunning:
      return for_rows([&](float* row, std::int64_t number) { running_step(operation, states_[number % sessions_], row); });
    case StreamKind::kKeep:
    case StreamKind::kAddKept: break;
  }
  const std::int64_t at = operation.kept * plan_.scratch.numbers;
  for_rows([&](float* row, std::int64_t number) {
    float* const kept = kept_.row(number) + at;
    for (std::int64_t j = 0; j < operation.outputs; j += kLanes<float>) {
      if (operation.kind == StreamKind::kKeep)
        store(kept + j, load(row + j));
      else
        store(row + j, load(row + j) + load(kept + j));
    }
  });
}

void run_block(const StreamPlan& plan, const StreamCall& call, std::int64_t rows, void* scratch) {
  Block block(plan, call, rows, scratch);
  if (plan.takes_ids)
    block.look_up(plan.operations[0], call.ids);
  else
    block.read(call.input);
  for (std::int64_t number = 0; number < plan.count; ++number) block.run(plan.operations[number]);
  block.write(call.output);
}

void run(const StreamPlan& plan, const StreamCall& call, void* scratch) {
  const std::int64_t total = call.sessions * call.steps;
  for (std::int64_t begin = 0; begin < total; begin += kStreamRows) {
    const std::int64_t rows = smaller(total - begin, kStreamRows);
    StreamCall part = call;
    if (plan.takes_ids)
      part.ids += begin;
    else
      part.input += begin * plan.input_size;
    part.output += begin * plan.output_size;
    if (call.sessions > 1) {
      part.states += begin;
      part.sessions = rows;
    }
    run_block(plan, part, rows, scratch);
  }
}

float read(const float* data, std::int64_t count) {
  constexpr int vectors = 8;
  Row total[vectors] = {};
  for (std::int64_t i = 0; i + vectors * kWidth <= count; i += vectors * kWidth)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) total[v] += load(data + i + v * kWidth);
  Row all{};
  for (const Row& part : total) all += part;
  return sum<float>(all);
}

}  // namespace

const StreamKernels& stream_kernels() {
  static const StreamKernels table{kWidth, run, read};
  return table;
}

}  // namespace recurra::RECURRA_ISA
