// The classes `StreamSession` and `StreamPool` of `recurra.native._engine`. What they take has been checked, but for
// arrays of numbers and ids: those they look at themselves, since that is faster than anything Python could do.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "stream_session.hpp"

namespace nb = nanobind;

namespace recurra {

void bind_stream_program(nb::module_& module);

namespace {

// What a call says: done, or why nothing happened. Python makes errors of them.
enum Outcome { kDone, kWrongArray, kInUse, kOutOfRange };

// A call of this many multiplications takes longer than giving up Python's lock and getting it back.
constexpr std::int64_t kLongWork = std::int64_t{1} << 20;
// After about this many a long run looks whether somebody pressed Ctrl-C.
constexpr std::int64_t kPatience = std::int64_t{1} << 26;

class WithoutLock {
 public:
  explicit WithoutLock(std::int64_t work) {
    if (work >= kLongWork) released_.emplace();
  }

 private:
  std::optional<nb::gil_scoped_release> released_;
};

// The memory of a contiguous array of floats or of integers of 64 bits; anything else has no data.
class Array {
 public:
  Array(nb::handle object, bool writable, bool of_ids = false) {
    const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) {
      PyErr_Clear();
      return;
    }
    exported_ = true;
    const std::string_view format = view_.format == nullptr ? "" : view_.format;
    const bool fits = of_ids ? (format == "l" || format == "q") && view_.itemsize == 8 : format == "f";
    const auto address = reinterpret_cast<std::uintptr_t>(view_.buf);
    if (fits && (!of_ids || address % alignof(std::int64_t) == 0)) data_ = view_.buf;
  }
  ~Array() {
    if (exported_) PyBuffer_Release(&view_);
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  bool has_shape(std::int64_t size) const { return data_ != nullptr && view_.ndim == 1 && view_.shape[0] == size; }
  bool has_shape(std::int64_t rows, std::int64_t size) const {
    return data_ != nullptr && view_.ndim == 2 && view_.shape[0] == rows && view_.shape[1] == size;
  }
  // The length of the first axis, -1 of anything that is no array.
  std::int64_t rows() const { return data_ != nullptr && view_.ndim >= 1 ? view_.shape[0] : -1; }
  bool overlaps(const Array& other) const {
    const auto* const mine = static_cast<const char*>(view_.buf);
    const auto* const others = static_cast<const char*>(other.view_.buf);
    return mine < others + other.view_.len && others < mine + view_.len;
  }

  float* numbers() const { return static_cast<float*>(data_); }
  std::int64_t* ids() const { return static_cast<std::int64_t*>(data_); }

 private:
  Py_buffer view_;
  void* data_ = nullptr;
  bool exported_ = false;
};

bool in_range(const StreamPlan& plan, const std::int64_t* ids, std::int64_t count) {
  const std::int64_t vocabulary = plan.operations[0].vocabulary;
  return std::all_of(ids, ids + count, [=](std::int64_t id) { return id >= 0 && id < vocabulary; });
}

// The rows that go in, of a program that takes numbers or ids.
Outcome set_input(const StreamPlan& plan, const Array& input, std::int64_t rows, StreamCall& call) {
  if (plan.takes_ids) {
    if (!input.has_shape(rows)) return kWrongArray;
    call.ids = input.ids();
    return in_range(plan, call.ids, rows) ? kDone : kOutOfRange;
  }
  if (!input.has_shape(rows, plan.input_size)) return kWrongArray;
  call.input = input.numbers();
  return kDone;
}

int step_numbers(StreamSession& session, nb::handle input, nb::handle output) {
  const StreamPlan& plan = session.program().plan();
  const Array from(input, false);
  const Array to(output, true);
  if (plan.takes_ids || !from.has_shape(plan.input_size) || !to.has_shape(plan.output_size)) return kWrongArray;
  const InUse use(session.in_use);
  if (!use.is_mine()) return kInUse;
  StreamCall call;
  call.steps = 1;
  call.input = from.numbers();
  call.output = to.numbers();
  const WithoutLock without(session.program().work());
  session.run(call);
  return kDone;
}

int step_id(StreamSession& session, nb::handle number, nb::handle output) {
  const StreamPlan& plan = session.program().plan();
  const Array to(output, true);
  if (!plan.takes_ids || !PyLong_CheckExact(number.ptr()) || !to.has_shape(plan.output_size)) return kWrongArray;
  const std::int64_t id = PyLong_AsLongLong(number.ptr());
  if (id == -1) PyErr_Clear();  // it may be too large; -1 is out of range as well
  if (!in_range(plan, &id, 1)) return kOutOfRange;
  const InUse use(session.in_use);
  if (!use.is_mine()) return kInUse;
  StreamCall call;
  call.steps = 1;
  call.ids = &id;
  call.output = to.numbers();
  const WithoutLock without(session.program().work());
  session.run(call);
  return kDone;
}

// If somebody stops it, the state is what it was.
int run_steps(StreamSession& session, nb::handle input, nb::handle output) {
  const StreamProgram& program = session.program();
  const StreamPlan& plan = program.plan();
  const Array from(input, false, plan.takes_ids);
  const Array to(output, true);
  const std::int64_t steps = from.rows();
  if (steps < 0 || !to.has_shape(steps, plan.output_size) || from.overlaps(to)) return kWrongArray;
  StreamCall call;
  if (const Outcome outcome = set_input(plan, from, steps, call); outcome != kDone) return outcome;
  call.output = to.numbers();
  const InUse use(session.in_use);
  if (!use.is_mine()) return kInUse;
  const StreamSession before(session);
  const std::int64_t piece = std::max(kPatience / std::max<std::int64_t>(program.work(), 1), kStreamRows);
  for (std::int64_t begin = 0; begin < steps; begin += piece) {
    if (begin > 0 && PyErr_CheckSignals() != 0) {
      session.copy_state(before);
      throw nb::python_error();
    }
    call.steps = std::min(piece, steps - begin);
    const WithoutLock without(program.work() * call.steps);
    session.run(call);
    if (plan.takes_ids)
      call.ids += call.steps;
    else
      call.input += call.steps * plan.input_size;
    call.output += call.steps * plan.output_size;
  }
  return kDone;
}

int step_pool(StreamPool& pool, nb::handle ids, nb::handle input, nb::handle output) {
  const StreamPlan& plan = pool.program().plan();
  const Array who(ids, false, true);
  const Array from(input, false, plan.takes_ids);
  const Array to(output, true);
  const std::int64_t count = who.rows();
  if (count < 0 || !who.has_shape(count) || !to.has_shape(count, plan.output_size) || from.overlaps(to))
    return kWrongArray;
  StreamCall call;
  if (const Outcome outcome = set_input(plan, from, count, call); outcome != kDone) return outcome;
  call.output = to.numbers();
  const InUse use(pool.in_use);
  if (!use.is_mine()) return kInUse;
  if (!pool.select(who.ids(), count)) return kOutOfRange;
  if (count == 0) return kDone;
  const WithoutLock without(pool.program().work() * count);
  pool.step(call);
  return kDone;
}

// Something that needs the whole of a session or a pool for a moment: its outcome.
template <class Owner, class Action>
int alone(Owner& owner, Action action) {
  const InUse use(owner.in_use);
  if (!use.is_mine()) return kInUse;
  action();
  return kDone;
}

template <class P>
P pointer(std::uintptr_t address) {
  return reinterpret_cast<P>(address);
}

// Seconds that one step takes inside the engine; the session goes on by as many.
double time_stepping(const StreamSession& session, int times) {
  const StreamPlan& plan = session.program().plan();
  const std::vector<float> input(static_cast<std::size_t>(plan.input_size), 0.1f);
  const std::int64_t id = 0;
  std::vector<float> output(static_cast<std::size_t>(plan.output_size));
  StreamCall call;
  call.steps = 1;
  call.input = input.data();
  call.ids = &id;
  call.output = output.data();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) session.run(call);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / times;
}

void bind_session(nb::module_& module) {
  nb::class_<StreamSession>(module, "StreamSession")
      .def("__init__",
           [](StreamSession* self, std::shared_ptr<StreamProgram> program) { new (self) StreamSession(program); })
      .def("step", &step_numbers, nb::arg().none(), nb::arg().none())
      .def("step_id", &step_id, nb::arg().none(), nb::arg().none())
      .def("run", &run_steps, nb::arg().none(), nb::arg().none())
      .def("reset", [](StreamSession& self) { return alone(self, [&] { self.reset(); }); })
      .def("copy", [](StreamSession& self, StreamSession& to) {
        return alone(self, [&] { to.copy_state(self); });
      })
      .def("read_state",
           [](StreamSession& self, std::uintptr_t to) {
             return alone(self, [&] { self.program().read_state(self.state(), pointer<float*>(to)); });
           })
      .def("write_state",
           [](StreamSession& self, std::uintptr_t from) {
             return alone(self, [&] { self.program().write_state(self.state(), pointer<const float*>(from)); });
           })
      .def("time_stepping", &time_stepping, nb::arg("times"));
}

// Something with sessions that all have to be there.
template <class Action>
int with_sessions(StreamPool& pool, std::uintptr_t ids, std::int64_t count, Action action) {
  Outcome outcome = kDone;
  const auto* const who = pointer<const std::int64_t*>(ids);
  const int use = alone(pool, [&] {
    if (pool.first_wrong(who, count) >= 0)
      outcome = kOutOfRange;
    else
      action(who);
  });
  return use == kDone ? outcome : use;
}

int create_sessions(StreamPool& pool, std::uintptr_t ids, std::int64_t count) {
  bool is_room = false;
  const int use = alone(pool, [&] {
    is_room = pool.has_room(count);
    if (is_room) pool.create(pointer<std::int64_t*>(ids), count);
  });
  return use == kDone && !is_room ? static_cast<int>(kOutOfRange) : use;
}

int fork_session(StreamPool& pool, std::int64_t id, std::uintptr_t twin) {
  bool is_done = false;
  const int use = alone(pool, [&] {
    is_done = pool.has(id) && pool.has_room(1);
    if (is_done) *pointer<std::int64_t*>(twin) = pool.fork(id);
  });
  return use == kDone && !is_done ? static_cast<int>(kOutOfRange) : use;
}

// All sessions with these ids and states, in place of those that there are.
int replace_sessions(StreamPool& pool, std::uintptr_t ids, std::int64_t count, std::int64_t serial,
                     std::uintptr_t states) {
  bool is_done = false;
  const int use = alone(pool, [&] {
    is_done = pool.replace_all(pointer<const std::int64_t*>(ids), count, serial);
    if (is_done) pool.write_states(pointer<const std::int64_t*>(ids), count, pointer<const float*>(states));
  });
  return use == kDone && !is_done ? static_cast<int>(kOutOfRange) : use;
}

void bind_pool(nb::module_& module) {
  nb::class_<StreamPool>(module, "StreamPool")
      .def("__init__",
           [](StreamPool* self, std::shared_ptr<StreamProgram> program, std::int64_t capacity, int threads) {
             new (self) StreamPool(program, capacity, threads);
           })
      .def_prop_ro("count", &StreamPool::count)
      .def_prop_ro("serial", &StreamPool::serial)
      .def("ids", &StreamPool::ids)
      .def("has", &StreamPool::has)
      .def("first_wrong",
           [](StreamPool& self, std::uintptr_t ids, std::int64_t count) {
             return self.first_wrong(pointer<const std::int64_t*>(ids), count);
           })
      .def("step", &step_pool, nb::arg().none(), nb::arg().none(), nb::arg().none())
      .def("create", &create_sessions)
      .def("fork", &fork_session)
      .def("replace_all", &replace_sessions)
      .def("evict",
           [](StreamPool& self, std::uintptr_t ids, std::int64_t count) {
             return with_sessions(self, ids, count, [&](auto who) { self.evict(who, count); });
           })
      .def("reset",
           [](StreamPool& self, std::uintptr_t ids, std::int64_t count) {
             return with_sessions(self, ids, count, [&](auto who) { self.reset(who, count); });
           })
      .def("read_states",
           [](StreamPool& self, std::uintptr_t ids, std::int64_t count, std::uintptr_t to) {
             return with_sessions(self, ids, count, [&](auto who) { self.read_states(who, count, pointer<float*>(to)); });
           })
      .def("write_states", [](StreamPool& self, std::uintptr_t ids, std::int64_t count, std::uintptr_t from) {
        return with_sessions(self, ids, count,
                             [&](auto who) { self.write_states(who, count, pointer<const float*>(from)); });
      });
}

}  // namespace
}  // namespace recurra

void bind_stream(nb::module_& module) {
  recurra::bind_stream_program(module);
  recurra::bind_session(module);
  recurra::bind_pool(module);
  module.attr("MOST_SESSIONS") = recurra::StreamPool::kMostSessions;
}
