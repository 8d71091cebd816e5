// The class `StreamProgram` of `recurra.native._engine`: layers as dictionaries, whose weights have been checked.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <type_traits>
#include <variant>

#include "stream_program.hpp"

namespace nb = nanobind;

namespace recurra {
namespace {

using L = StreamLayer;
using Member = std::variant<bool L::*, std::int64_t L::*, double L::*, const float * L::*>;

struct LayerField {
  std::string_view name;
  Member member;
};

constexpr LayerField kLayerFields[] = {
    {"variant", &L::variant},
    {"inputs", &L::inputs},
    {"outputs", &L::outputs},
    {"hidden", &L::hidden},
    {"vocabulary", &L::vocabulary},
    {"epsilon", &L::epsilon},
    {"slope", &L::slope},
    {"zoneout_hidden", &L::zoneout_hidden},
    {"zoneout_cell", &L::zoneout_cell},
    {"weight_ih", &L::weight_ih},
    {"weight_hh", &L::weight_hh},
    {"bias", &L::bias},
    {"second_bias", &L::second_bias},
    {"projection", &L::projection},
    {"peepholes", &L::peepholes},
    {"gain", &L::gain},
    {"gain_hh", &L::gain_hh},
    {"gain_cell", &L::gain_cell},
    {"bias_cell", &L::bias_cell},
};

constexpr std::string_view kKindNames[kStreamKinds] = {
    "embedding",  "affine",     "elman",   "lstm",    "gru",  "gru_reset_before", "layer_norm_lstm",
    "layer_norm", "activation", "softmax", "scaling", "running", "keep", "add_kept",
};

constexpr std::string_view kFunctionNames[kStreamFunctions] = {
    "tanh", "relu", "leaky_relu", "elu", "sigmoid", "silu", "gelu", "softplus", "exp", "linear",
};

constexpr std::string_view kWeightNames[] = {"float32", "bfloat16", "int8"};

template <class Enumeration, std::size_t COUNT>
Enumeration by_name(const std::string_view (&names)[COUNT], std::string_view name) {
  const auto* const found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) throw nb::key_error(std::string(name).c_str());
  return static_cast<Enumeration>(found - names);
}

void set_field(StreamLayer& layer, std::string_view name, nb::handle value) {
  if (name == "kind") {
    layer.kind = by_name<StreamKind>(kKindNames, nb::cast<std::string_view>(value));
    return;
  }
  if (name == "function") {
    layer.function = by_name<StreamFunction>(kFunctionNames, nb::cast<std::string_view>(value));
    return;
  }
  const auto* const field =
      std::find_if(std::begin(kLayerFields), std::end(kLayerFields), [&](const LayerField& f) { return f.name == name; });
  if (field == std::end(kLayerFields)) throw nb::key_error(std::string(name).c_str());
  std::visit(
      [&](auto member) {
        using Value = std::remove_reference_t<decltype(layer.*member)>;
        if constexpr (std::is_pointer_v<Value>)
          layer.*member = reinterpret_cast<Value>(nb::cast<std::uintptr_t>(value));
        else
          layer.*member = nb::cast<Value>(value);
      },
      field->member);
}

std::shared_ptr<StreamProgram> make_program(nb::list fields, const std::string& weights) {
  std::vector<StreamLayer> layers(nb::len(fields));
  for (std::size_t i = 0; i < layers.size(); ++i)
    for (const auto [name, value] : nb::cast<nb::dict>(fields[i]))
      set_field(layers[i], nb::cast<std::string_view>(name), value);
  const auto type = by_name<StreamWeights>(kWeightNames, weights);
  return std::make_shared<StreamProgram>(layers, type, chosen_kernels());
}

// Seconds that one reading of all packed weights takes.
double time_reading(const StreamProgram& program, int times) {
  const auto begin = std::chrono::steady_clock::now();
  volatile float kept = 0;
  for (int i = 0; i < times; ++i) kept = program.read_weights();
  (void)kept;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / times;
}

}  // namespace

void bind_stream_program(nb::module_& module) {
  nb::class_<StreamProgram>(module, "StreamProgram")
      .def(nb::new_(&make_program), nb::arg("layers"), nb::arg("weights"))
      .def_prop_ro("instruction_set", [](const StreamProgram& self) { return std::string(self.instruction_set()); })
      .def_prop_ro("state_size", &StreamProgram::state_size)
      .def_prop_ro("row_size", &StreamProgram::row_size)
      .def_prop_ro("work", &StreamProgram::work)
      .def_prop_ro("weights_size", &StreamProgram::weights_size)
      .def("time_reading", &time_reading, nb::arg("times"));
}

}  // namespace recurra
