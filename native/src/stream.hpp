// A stream program as the kernels see it, whatever the instruction set: operations with packed weights, and where a
// session's state lies.
//
// Numbers of a row are padded to whole vectors: `padded` means rounded up to a multiple of the lanes. What stands in
// the padding is nobody's: no result that is put out, kept or summed depends on it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recurra {

enum class StreamWeights { kFloat32, kBfloat16, kInt8 };

enum class StreamKind {
  kEmbedding,
  kAffine,
  kElman,
  kLstm,
  kGru,
  kGruResetBefore,
  kLayerNormLstm,
  kLayerNorm,
  kActivation,
  kSoftmax,
  kScaling,
  kRunning,
  kKeep,     // put the numbers aside, where a residual connection begins
  kAddKept,  // and add them where it ends
};
constexpr int kStreamKinds = 14;

enum class StreamFunction { kTanh, kRelu, kLeakyRelu, kElu, kSigmoid, kSilu, kGelu, kSoftplus, kExp, kLinear };
constexpr int kStreamFunctions = 10;

// Columns are packed in tiles of this many vectors; the last tile of a matrix may be narrower.
constexpr std::int64_t kStreamTile = 4;

// A matrix (depth, columns), `vectors` vectors of columns wide: tile, depth, vector, lane.
//   float32:  lanes of floats
//   bfloat16: lanes of pairs: the upper half is of the next vector, the lower half of this one; an odd last vector is
//             paired with zeros
//   int8:     lanes of four neighbouring depths of a column; depth is filled up with zeros to a multiple of four
struct StreamMatrix {
  StreamWeights weights = StreamWeights::kFloat32;
  const void* data = nullptr;
  const float* scales = nullptr;              // int8: what one stands for, of every column
  const std::int32_t* corrections = nullptr;  // int8: -128 times the sum of every column
  std::int64_t depth = 0;
  std::int64_t vectors = 0;
};

// One primitive layer. Sizes are numbers, not padded; H = hidden. Vectors of gates are padded gate by gate.
struct StreamOperation {
  StreamKind kind = StreamKind::kAffine;
  StreamFunction function = StreamFunction::kTanh;
  bool variant = false;  // softmax: its logarithm; scaling: the inverse; running: the mean
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::int64_t hidden = 0;
  std::int64_t hidden_at = 0;  // where the state's fields begin in a session's row
  std::int64_t cell_at = 0;  // running: of the count of steps
  std::int64_t kept = 0;  // which of the residual connections that are open at once

  StreamMatrix input;       // W
  StreamMatrix recurrent;   // U; GRU with the reset before: of both gates
  StreamMatrix second;      // LSTM: the projection; GRU with the reset before: U of the candidate
  const float* bias = nullptr;     // where the sums start; layer norm and scaling: what is added
  const float* second_bias = nullptr;  // GRU with the reset after: d_n
  const float* zeros = nullptr;    // where sums without a bias start
  const float* table = nullptr;    // embedding: (vocabulary, padded outputs)
  const float* peepholes = nullptr;  // LSTM: (3 padded H)
  const float* gain = nullptr;     // layer norm, scaling; layer-norm LSTM: of W x
  const float* gain_hh = nullptr;
  const float* gain_cell = nullptr;
  const float* bias_cell = nullptr;
  std::int64_t vocabulary = 0;
  float epsilon = 0;
  float slope = 0;
  float zoneout_hidden = 0;
  float zoneout_cell = 0;
};

// Scratch numbers that one row needs: `current` and `next` of a layer, its sums, and so on.
struct StreamScratch {
  std::int64_t numbers = 0;    // of each of the two
  std::int64_t sums = 0;
  std::int64_t products = 0;   // of a recurrent product that is not added to the sums
  std::int64_t hidden = 0;     // of the hidden state of a row, and of what goes into a second product
  std::int64_t quantized = 0;  // bytes
  std::int64_t kept = 0;       // rows of numbers that are put aside
};

struct StreamPlan {
  const StreamOperation* operations = nullptr;
  std::int64_t count = 0;
  std::int64_t input_size = 0;
  std::int64_t output_size = 0;
  bool takes_ids = false;
  StreamWeights weights = StreamWeights::kFloat32;
  StreamScratch scratch;
};

// Some steps of one session, or one step of some sessions. Rows of input and output lie one after another.
struct StreamCall {
  float* const* states = nullptr;  // (sessions)
  std::int64_t sessions = 0;
  std::int64_t steps = 0;
  const float* input = nullptr;       // (steps or sessions, input_size), unless the program takes ids:
  const std::int64_t* ids = nullptr;  // (steps or sessions)
  float* output = nullptr;            // (steps or sessions, output_size)
};

// Rows that go through all layers together.
constexpr std::int64_t kStreamRows = 48;

constexpr std::size_t stream_scratch_size(const StreamScratch& scratch, std::int64_t rows) {
  const std::int64_t numbers =
      2 * scratch.numbers + scratch.sums + scratch.products + 2 * scratch.hidden + scratch.kept * scratch.numbers;
  constexpr std::int64_t alignment = 64;  // of each of up to ten pieces
  return static_cast<std::size_t>(rows * (numbers * 4 + scratch.quantized + 4) + 10 * alignment);
}

struct StreamKernels {
  std::int64_t lanes;
  // `scratch` is aligned to 64 bytes and holds stream_scratch_size(plan.scratch, rows) of the rows that go together.
  void (*run)(const StreamPlan& plan, const StreamCall& call, void* scratch);
  // Read some memory as fast as the kernels can, for benchmarks.
  float (*read)(const float* data, std::int64_t count);
};

}  // namespace recurra
