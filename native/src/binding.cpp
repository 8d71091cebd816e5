// The module `recurra.native._engine`. It takes addresses of memory that its caller has checked.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <cstdlib>
#include <string_view>
#include <variant>

#include "engine.hpp"
#include "interrupt.hpp"
#include "kernels.hpp"
#include "openmp.hpp"
#include "rows.hpp"

namespace nb = nanobind;

void bind_stream(nb::module_& module);

namespace recurra {
namespace {

template <class T>
using R = Recurrence<T>;

template <class T>
using Member = std::variant<bool R<T>::*, std::int64_t R<T>::*, double R<T>::*, const T* R<T>::*, T* R<T>::*,
                            Rows<T> R<T>::*, Rows<const T> R<T>::*, Zoneout R<T>::*>;

template <class T>
struct Field {
  std::string_view name;
  Member<T> member;
};

template <class T>
constexpr Field<T> kFields[] = {
    {"reverse", &R<T>::reverse},
    {"nonlinearity", &R<T>::nonlinearity},
    {"hidden", &R<T>::hidden},
    {"outputs_size", &R<T>::outputs_size},
    {"epsilon", &R<T>::epsilon},
    {"weight_hh", &R<T>::weight_hh},
    {"bias_candidate", &R<T>::bias_candidate},
    {"peepholes", &R<T>::peepholes},
    {"projection", &R<T>::projection},
    {"gain_hh", &R<T>::gain_hh},
    {"gain_cell", &R<T>::gain_cell},
    {"bias_cell", &R<T>::bias_cell},
    {"hidden_first", &R<T>::hidden_first},
    {"cell_first", &R<T>::cell_first},
    {"mask", &R<T>::mask},
    {"zoneout_hidden", &R<T>::zoneout_hidden},
    {"zoneout_cell", &R<T>::zoneout_cell},
    {"gates", &R<T>::gates},
    {"outputs", &R<T>::outputs},
    {"cells", &R<T>::cells},
    {"extra", &R<T>::extra},
    {"hidden_last", &R<T>::hidden_last},
    {"cell_last", &R<T>::cell_last},
    {"grad_outputs", &R<T>::grad_outputs},
    {"grad_hidden_last", &R<T>::grad_hidden_last},
    {"grad_cell_last", &R<T>::grad_cell_last},
    {"grad_gates", &R<T>::grad_gates},
    {"grad_products", &R<T>::grad_products},
    {"grad_hidden_first", &R<T>::grad_hidden_first},
    {"grad_cell_first", &R<T>::grad_cell_first},
    {"grad_peepholes", &R<T>::grad_peepholes},
    {"grad_gains", &R<T>::grad_gains},
};

template <class P>
P pointer(nb::handle value) {
  return reinterpret_cast<P>(nb::cast<std::uintptr_t>(value));
}

// Set one field: a number, an address, (address, pitch), or for zoneout (address of the mask or 0, rate).
template <class T>
void set(R<T>& recurrence, std::string_view name, nb::handle value) {
  for (const Field<T>& field : kFields<T>) {
    if (field.name != name) continue;
    std::visit(
        [&](auto member) {
          using Value = std::remove_reference_t<decltype(recurrence.*member)>;
          if constexpr (std::is_arithmetic_v<Value>) {
            recurrence.*member = nb::cast<Value>(value);
          } else if constexpr (std::is_pointer_v<Value>) {
            recurrence.*member = pointer<Value>(value);
          } else if constexpr (std::is_same_v<Value, Zoneout>) {
            const auto pair = nb::cast<nb::tuple>(value);
            recurrence.*member = {pointer<const std::uint8_t*>(pair[0]), nb::cast<double>(pair[1])};
          } else {
            const auto pair = nb::cast<nb::tuple>(value);
            recurrence.*member = {pointer<decltype(Value::data)>(pair[0]), nb::cast<std::int64_t>(pair[1])};
          }
        },
        field.member);
    return;
  }
  throw nb::key_error(std::string(name).c_str());
}

// The handler has set a flag; what Python makes of it is known only with its lock.
bool interrupted() {
  if (!InterruptWatch::take_signal()) return false;
  const nb::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

template <class T>
std::vector<R<T>> directions_of(const Layout& layout, std::uintptr_t resets, nb::list fields) {
  std::vector<R<T>> directions(nb::len(fields));
  for (std::size_t d = 0; d < directions.size(); ++d) {
    directions[d].sequence = layout.sequence();
    directions[d].sequence.resets = reinterpret_cast<const std::uint8_t*>(resets);
    for (const auto [name, value] : nb::cast<nb::dict>(fields[d]))
      set(directions[d], nb::cast<std::string_view>(name), value);
  }
  return directions;
}

template <class T>
void run(int cell, bool backward, const Layout& layout, std::uintptr_t resets, int threads, nb::list fields) {
  const std::vector<R<T>> directions = directions_of<T>(layout, resets, fields);
  bool finished = false;
  {
    const InterruptWatch watch;
    const nb::gil_scoped_release release;
    // Calls of other threads leave the signal to the main thread.
    finished = run_pass(static_cast<Cell>(cell), backward, directions, threads,
                        watch.is_installed() ? interrupted : nullptr);
  }
  if (!finished) throw nb::python_error();
}

template <class T>
void gather(const Layout& layout, std::uintptr_t resets, int threads, nb::list fields, nb::list targets) {
  const std::vector<R<T>> directions = directions_of<T>(layout, resets, fields);
  std::vector<Rows<T>> to;
  for (const nb::handle target : targets) {
    const auto pair = nb::cast<nb::tuple>(target);
    to.push_back({pointer<T*>(pair[0]), nb::cast<std::int64_t>(pair[1])});
  }
  const nb::gil_scoped_release release;
  for (std::size_t d = 0; d < directions.size(); ++d) gather_entering(directions[d], to.at(d), threads);
}

template <class T>
Factor<T> factor(nb::tuple given) {
  return {pointer<const T*>(given[0]), nb::cast<std::int64_t>(given[1]), nb::cast<std::int64_t>(given[2])};
}

template <class T>
void matmul(nb::tuple extent, nb::tuple left, nb::tuple right, std::uintptr_t start, nb::tuple result, int threads) {
  Matmul<T> product;
  product.rows = nb::cast<std::int64_t>(extent[0]);
  product.columns = nb::cast<std::int64_t>(extent[1]);
  product.inner = nb::cast<std::int64_t>(extent[2]);
  product.left = factor<T>(left);
  product.right = factor<T>(right);
  product.start = reinterpret_cast<const T*>(start);
  product.result = pointer<T*>(result[0]);
  product.pitch = nb::cast<std::int64_t>(result[1]);
  const nb::gil_scoped_release release;
  multiply(product, threads);
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
  nb::class_<Layout>(module, "Layout")
      .def(
          "__init__",
          [](Layout* self, std::int64_t batch, std::int64_t steps, std::uintptr_t lengths, bool time_major) {
            new (self) Layout(batch, steps, reinterpret_cast<const std::int64_t*>(lengths), time_major);
          },
          nb::arg("batch"), nb::arg("steps"), nb::arg("lengths"), nb::arg("time_major"))
      .def_prop_ro("positions", &Layout::positions)
      .def("pack",
           [](const Layout& self, std::uintptr_t padded, std::uintptr_t rows, std::int64_t width, std::int64_t pitch,
              int threads) {
             pack_rows(self.sequence(), reinterpret_cast<const char*>(padded), reinterpret_cast<char*>(rows), width,
                       pitch, threads);
           },
           nb::call_guard<nb::gil_scoped_release>())
      .def("unpack",
           [](const Layout& self, std::uintptr_t rows, std::uintptr_t padded, std::int64_t width, std::int64_t pitch,
              int threads) {
             unpack_rows(self.sequence(), reinterpret_cast<const char*>(rows), reinterpret_cast<char*>(padded), width,
                         pitch, threads);
           },
           nb::call_guard<nb::gil_scoped_release>());
  module.def("run_float32", &run<float>);
  module.def("run_float64", &run<double>);
  module.def("gather_float32", &gather<float>);
  module.def("gather_float64", &gather<double>);
  module.def("matmul_float32", &matmul<float>);
  module.def("matmul_float64", &matmul<double>);
  module.def("instruction_sets", &instruction_sets);
  module.def("instruction_set", [] { return std::string(chosen_kernels().name); });
  module.def("adopt_openmp", &adopt_openmp);
  module.def("choose_instruction_set", [](const std::string& name) { return choose_kernels(name.c_str()); });
  module.attr("CELLS") = nb::make_tuple("elman", "lstm", "gru", "gru_reset_before", "layer_norm_lstm");
  bind_stream(module);
}
