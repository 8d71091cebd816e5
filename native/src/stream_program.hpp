// A stream program: layers as the caller describes them, packed once and shared by all sessions.
#pragma once

#include <memory>
#include <vector>

#include "kernels.hpp"
#include "memory.hpp"
#include "stream.hpp"

namespace recurra {

// A primitive layer with its weights as torch keeps them, every tensor contiguous. H = hidden, I = inputs, O = outputs.
struct StreamLayer {
  StreamKind kind = StreamKind::kAffine;
  StreamFunction function = StreamFunction::kTanh;
  bool variant = false;  // as in StreamOperation
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::int64_t hidden = 0;
  std::int64_t vocabulary = 0;
  double epsilon = 0;
  double slope = 0;
  double zoneout_hidden = 0;
  double zoneout_cell = 0;
  const float* weight_ih = nullptr;    // (gates H, I); affine: (O, I); embedding: (vocabulary, O)
  const float* weight_hh = nullptr;    // (gates H, O)
  const float* bias = nullptr;         // (gates H): both biases added up, for GRU without d_n; affine: (O); or null
  const float* second_bias = nullptr;  // GRU with the reset after: d_n (H), or null
  const float* projection = nullptr;   // LSTM: (O, H), or null
  const float* peepholes = nullptr;    // LSTM: (3 H), or null
  const float* gain = nullptr;         // layer norm, scaling: (O); layer-norm LSTM: of W x (4 H)
  const float* gain_hh = nullptr;      // (4 H)
  const float* gain_cell = nullptr;    // (H)
  const float* bias_cell = nullptr;    // (H)
};

class StreamProgram {
 public:
  // The layers have been checked: their sizes fit, and weights that they need are there.
  StreamProgram(const std::vector<StreamLayer>& layers, StreamWeights weights, const Kernels& kernels);

  // A part of a session's state: where its numbers begin in the session's row, and how many there are.
  struct Field {
    std::int64_t at;
    std::int64_t size;
  };

  const StreamPlan& plan() const { return plan_; }
  const char* instruction_set() const { return kernels_.name; }
  const std::vector<Field>& fields() const { return fields_; }
  std::int64_t row_size() const { return row_size_; }      // numbers of a session's row, padding included
  std::int64_t state_size() const { return state_size_; }  // without padding
  std::int64_t work() const { return work_; }              // multiplications of a step

  // Denormals are flushed while it runs. The memory that it works in belongs to the thread.
  void run(const StreamCall& call) const;

  // The numbers of a row without padding, and back.
  void read_state(const float* row, float* to) const;
  void write_state(float* row, const float* from) const;

  // Read all packed weights once, as fast as the kernels can.
  float read_weights() const;
  std::size_t weights_size() const { return weights_size_; }

 private:
  const Kernels& kernels_;
  std::vector<StreamOperation> operations_;
  std::vector<Field> fields_;
  StreamPlan plan_;
  std::int64_t row_size_ = 0;
  std::int64_t state_size_ = 0;
  std::int64_t work_ = 0;
  std::size_t weights_size_ = 0;
  std::unique_ptr<void, Freed> memory_;
};

}  // namespace recurra
