#include "stream_session.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "team.hpp"

namespace recurra {
namespace {

std::size_t bytes_of(std::int64_t numbers) { return static_cast<std::size_t>(numbers) * sizeof(float); }

// A thread's share is worth waking it up for from this many multiplications on.
constexpr std::int64_t kLeastWork = std::int64_t{1} << 20;

}  // namespace

StreamSession::StreamSession(std::shared_ptr<const StreamProgram> program)
    : program_(std::move(program)),
      memory_(allocate_aligned(bytes_of(program_->row_size()))),
      state_(static_cast<float*>(memory_.get())) {
  reset();
}

StreamSession::StreamSession(const StreamSession& other) : StreamSession(other.program_) { copy_state(other); }

void StreamSession::reset() { std::memset(state_, 0, bytes_of(program_->row_size())); }

void StreamSession::copy_state(const StreamSession& other) {
  std::memcpy(state_, other.state_, bytes_of(program_->row_size()));
}

void StreamSession::run(StreamCall call) const {
  float* const states[] = {state_};
  call.states = states;
  call.sessions = 1;
  program_->run(call);
}

StreamPool::StreamPool(std::shared_ptr<const StreamProgram> program, std::int64_t capacity, int threads)
    : program_(std::move(program)),
      threads_(threads),
      memory_(allocate_aligned(bytes_of(program_->row_size()) * static_cast<std::size_t>(capacity))),
      store_(static_cast<float*>(memory_.get())),
      owners_(static_cast<std::size_t>(capacity), -1),
      marks_(static_cast<std::size_t>(capacity), 0) {
  replace_all(nullptr, 0, 0);
  rows_.reserve(static_cast<std::size_t>(capacity));
}

bool StreamPool::has(std::int64_t id) const {
  return id >= 0 && place_of(id) < capacity() && owners_[static_cast<std::size_t>(place_of(id))] == id;
}

std::int64_t StreamPool::first_wrong(const std::int64_t* ids, std::int64_t count) {
  ++calls_;
  for (std::int64_t i = 0; i < count; ++i)
    if (!is_next(ids[i])) return i;
  return -1;
}

bool StreamPool::is_next(std::int64_t id) {
  if (!has(id)) return false;
  std::int64_t& mark = marks_[static_cast<std::size_t>(place_of(id))];
  if (mark == calls_) return false;
  mark = calls_;
  return true;
}

void StreamPool::clear(std::int64_t id) { std::memset(row(id), 0, bytes_of(program_->row_size())); }

void StreamPool::create(std::int64_t* ids, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t place = free_.back();
    free_.pop_back();
    ids[i] = (serial_++ << kPlaceBits) | place;
    owners_[static_cast<std::size_t>(place)] = ids[i];
    clear(ids[i]);
  }
}

void StreamPool::evict(const std::int64_t* ids, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    clear(ids[i]);
    owners_[static_cast<std::size_t>(place_of(ids[i]))] = -1;
    free_.push_back(place_of(ids[i]));
  }
}

void StreamPool::reset(const std::int64_t* ids, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) clear(ids[i]);
}

std::int64_t StreamPool::fork(std::int64_t id) {
  std::int64_t twin;
  create(&twin, 1);
  std::memcpy(row(twin), row(id), bytes_of(program_->row_size()));
  return twin;
}

void StreamPool::read_states(const std::int64_t* ids, std::int64_t count, float* to) const {
  for (std::int64_t i = 0; i < count; ++i) program_->read_state(row(ids[i]), to + i * program_->state_size());
}

void StreamPool::write_states(const std::int64_t* ids, std::int64_t count, const float* from) {
  for (std::int64_t i = 0; i < count; ++i) program_->write_state(row(ids[i]), from + i * program_->state_size());
}

bool StreamPool::select(const std::int64_t* ids, std::int64_t count) {
  ++calls_;
  rows_.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t id = __atomic_load_n(ids + i, __ATOMIC_RELAXED);
    if (!is_next(id)) return false;
    rows_.push_back(row(id));
  }
  return true;
}

void StreamPool::step(StreamCall call) {
  const auto count = static_cast<std::int64_t>(rows_.size());
  const std::int64_t worth = std::max<std::int64_t>(1, count * program_->work() / kLeastWork);
  Turn turn(static_cast<int>(std::min<std::int64_t>({threads_, worth, count})));
  const std::int64_t parts = turn.threads();
  const StreamPlan& plan = program_->plan();
  std::atomic<bool> lacks_memory{false};  // a thread of the team may not throw
  turn.run(turn.threads(), [&](int part) {
    const std::int64_t begin = count * part / parts;
    StreamCall mine = call;
    mine.states = rows_.data() + begin;
    mine.sessions = count * (part + 1) / parts - begin;
    mine.steps = 1;
    if (plan.takes_ids)
      mine.ids += begin;
    else
      mine.input += begin * plan.input_size;
    mine.output += begin * plan.output_size;
    try {
      program_->run(mine);
    } catch (const std::bad_alloc&) {
      lacks_memory = true;
    }
  });
  if (lacks_memory) throw std::bad_alloc();
}

std::vector<std::int64_t> StreamPool::ids() const {
  std::vector<std::int64_t> list;
  for (const std::int64_t owner : owners_)
    if (owner >= 0) list.push_back(owner);
  return list;
}

bool StreamPool::replace_all(const std::int64_t* ids, std::int64_t count, std::int64_t serial) {
  std::vector<std::int64_t> owners(owners_.size(), -1);
  for (std::int64_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || (ids[i] >> kPlaceBits) >= serial || place_of(ids[i]) >= capacity()) return false;
    std::int64_t& owner = owners[static_cast<std::size_t>(place_of(ids[i]))];
    if (owner >= 0) return false;
    owner = ids[i];
  }
  owners_ = std::move(owners);
  serial_ = std::max(serial_, serial);
  free_.clear();
  for (std::int64_t place = capacity() - 1; place >= 0; --place)
    if (owners_[static_cast<std::size_t>(place)] < 0) free_.push_back(place);
  for (std::int64_t i = 0; i < count; ++i) clear(ids[i]);
  return true;
}

}  // namespace recurra
