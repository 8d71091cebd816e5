// The module `recurra.native._engine`. It takes addresses of memory that its caller has checked.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdlib>
#include <iterator>
#include <string>
#include <type_traits>
#include <variant>

#include "interrupt.hpp"
#include "kernels.hpp"
#include "layer.hpp"
#include "openmp.hpp"
#include "scratch.hpp"

namespace nb = nanobind;

void bind_stream(nb::module_& module);

namespace recurra {
namespace {

// The fields of a layer in the order of a call's tuple: numbers, and addresses, which are 0 for what there is not.
template <class T>
using Member = std::variant<std::int64_t Layer<T>::*, double Layer<T>::*, const T* Layer<T>::*, T* Layer<T>::*,
                            const std::int64_t* Layer<T>::*, const std::uint8_t* Layer<T>::*>;

template <class T>
struct Field {
  const char* name;
  Member<T> member;
};

#define RECURRA_FIELD(name) {#name, &Layer<T>::name}

template <class T>
constexpr Field<T> kFields[] = {
    RECURRA_FIELD(cell),
    RECURRA_FIELD(nonlinearity),
    RECURRA_FIELD(directions),
    RECURRA_FIELD(reverse),
    RECURRA_FIELD(batch),
    RECURRA_FIELD(steps),
    RECURRA_FIELD(features),
    RECURRA_FIELD(hidden),
    RECURRA_FIELD(outputs_size),
    RECURRA_FIELD(time_major),
    RECURRA_FIELD(saved_rows),
    RECURRA_FIELD(fills),
    RECURRA_FIELD(epsilon),
    RECURRA_FIELD(rate_hidden),
    RECURRA_FIELD(rate_cell),
    RECURRA_FIELD(lengths),
    RECURRA_FIELD(resets),
    RECURRA_FIELD(input),
    RECURRA_FIELD(weight_ih),
    RECURRA_FIELD(weight_hh),
    RECURRA_FIELD(bias_ih),
    RECURRA_FIELD(bias_hh),
    RECURRA_FIELD(projection),
    RECURRA_FIELD(peepholes),
    RECURRA_FIELD(gain_ih),
    RECURRA_FIELD(gain_hh),
    RECURRA_FIELD(gain_cell),
    RECURRA_FIELD(bias_cell),
    RECURRA_FIELD(hidden_first),
    RECURRA_FIELD(cell_first),
    RECURRA_FIELD(mask),
    RECURRA_FIELD(kept_hidden),
    RECURRA_FIELD(kept_cell),
    RECURRA_FIELD(outputs),
    RECURRA_FIELD(hidden_last),
    RECURRA_FIELD(cell_last),
    RECURRA_FIELD(gates),
    RECURRA_FIELD(cells),
    RECURRA_FIELD(extra),
    RECURRA_FIELD(products),
    RECURRA_FIELD(moments),
    RECURRA_FIELD(grad_outputs),
    RECURRA_FIELD(grad_hidden_last),
    RECURRA_FIELD(grad_cell_last),
    RECURRA_FIELD(grad_input),
    RECURRA_FIELD(grad_weight_ih),
    RECURRA_FIELD(grad_weight_hh),
    RECURRA_FIELD(grad_bias_ih),
    RECURRA_FIELD(grad_bias_hh),
    RECURRA_FIELD(grad_projection),
    RECURRA_FIELD(grad_peepholes),
    RECURRA_FIELD(grad_gain_ih),
    RECURRA_FIELD(grad_gain_hh),
    RECURRA_FIELD(grad_gain_cell),
    RECURRA_FIELD(grad_bias_cell),
    RECURRA_FIELD(grad_hidden_first),
    RECURRA_FIELD(grad_cell_first),
};

template <class P>
P pointer(nb::handle value) {
  return reinterpret_cast<P>(nb::cast<std::uintptr_t>(value));
}

template <class T>
Layer<T> layer_of(nb::tuple given) {
  if (nb::len(given) != std::size(kFields<T>)) throw nb::type_error("a tuple of other fields than a layer's");
  Layer<T> layer;
  std::size_t place = 0;
  for (const Field<T>& field : kFields<T>) {
    const nb::handle value = given[place++];
    std::visit(
        [&](auto member) {
          using Value = std::remove_reference_t<decltype(layer.*member)>;
          if constexpr (std::is_pointer_v<Value>)
            layer.*member = pointer<Value>(value);
          else
            layer.*member = nb::cast<Value>(value);
        },
        field.member);
  }
  return layer;
}

// The handler has set a flag; what Python makes of it is known only with its lock.
bool interrupted() {
  if (!InterruptWatch::take_signal()) return false;
  const nb::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

template <class T>
void run(bool backward, nb::tuple given, int threads) {
  const Layer<T> layer = layer_of<T>(given);
  bool finished = false;
  {
    const InterruptWatch watch;
    const nb::gil_scoped_release release;
    // Calls of other threads leave the signal to the main thread.
    bool (*const asked)() = watch.is_installed() ? interrupted : nullptr;
    finished = backward ? run_backward(layer, threads, asked) : run_forward(layer, threads, asked);
  }
  if (!finished) throw nb::python_error();
}

nb::tuple layer_fields() {
  nb::list names;
  for (const Field<float>& field : kFields<float>) names.append(field.name);
  return nb::tuple(names);
}

template <class T>
Factor<T> factor(nb::tuple given) {
  return {pointer<const T*>(given[0]), nb::cast<std::int64_t>(given[1]), nb::cast<std::int64_t>(given[2])};
}

template <class T>
void matmul(nb::tuple extent, nb::tuple left, nb::tuple right, nb::tuple result, int threads) {
  Matmul<T> product;
  product.rows = nb::cast<std::int64_t>(extent[0]);
  product.columns = nb::cast<std::int64_t>(extent[1]);
  product.inner = nb::cast<std::int64_t>(extent[2]);
  product.left = factor<T>(left);
  product.right = factor<T>(right);
  product.result = pointer<T*>(result[0]);
  product.pitch = nb::cast<std::int64_t>(result[1]);
  const nb::gil_scoped_release release;
  const Scratch scratch(room_for(product, threads), false);
  multiply(product, threads, scratch.data());
}

std::vector<std::string> instruction_sets() {
  const Kernels* list[8];
  const int count = usable_kernels(list, 8);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.emplace_back(list[i]->name);
  return names;
}

}  // namespace
}  // namespace recurra

NB_MODULE(_engine, module) {
  using namespace recurra;
  // Python itself leaves objects alive when it ends: those of daemon threads, of frames that never return. That is
  // no fault of the binding's, so nothing is said of it, unless who looks for such a fault asks.
  nb::set_leak_warnings(std::getenv("RECURRA_LEAKS") != nullptr);
  module.def("run_float32", &run<float>);
  module.def("run_float64", &run<double>);
  module.def("matmul_float32", &matmul<float>);
  module.def("matmul_float64", &matmul<double>);
  module.def("instruction_sets", &instruction_sets);
  module.def("instruction_set", [] { return std::string(chosen_kernels().name); });
  module.def("adopt_openmp", &adopt_openmp);
  module.def("choose_instruction_set", [](const std::string& name) { return choose_kernels(name.c_str()); });
  module.def("multiply_and_add", [](std::int64_t rounds) {
    const nb::gil_scoped_release release;
    return chosen_kernels().multiply_and_add(rounds);
  });
  module.def("kept_scratch", &Scratch::kept_size);
  module.attr("LAYER_FIELDS") = layer_fields();
  module.attr("CELLS") = nb::make_tuple("elman", "lstm", "gru", "gru_reset_before", "layer_norm_lstm");
  bind_stream(module);
}
