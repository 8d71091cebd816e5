// Sessions of a stream program: one alone, and many in one store.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "stream_program.hpp"

namespace recurra {

// What somebody uses at the moment. Whoever finds it in use goes away again.
class InUse {
 public:
  explicit InUse(std::atomic_flag& flag) : flag_(flag), mine_(!flag.test_and_set(std::memory_order_acquire)) {}
  ~InUse() {
    if (mine_) flag_.clear(std::memory_order_release);
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

  bool is_mine() const { return mine_; }

 private:
  std::atomic_flag& flag_;
  bool mine_;
};

class StreamSession {
 public:
  explicit StreamSession(std::shared_ptr<const StreamProgram> program);
  // A session that goes on from where another one is.
  StreamSession(const StreamSession& other);
  StreamSession& operator=(const StreamSession&) = delete;

  const StreamProgram& program() const { return *program_; }
  float* state() const { return state_; }
  void reset();
  void copy_state(const StreamSession& other);

  // Steps over rows of input and output, one after another.
  void run(StreamCall call) const;

  std::atomic_flag in_use = ATOMIC_FLAG_INIT;

 private:
  std::shared_ptr<const StreamProgram> program_;
  std::unique_ptr<void, Freed> memory_;
  float* state_;
};

// Sessions in one contiguous store. An id is a serial number, never given twice, above the number of a place.
class StreamPool {
 public:
  static constexpr int kPlaceBits = 20;
  static constexpr std::int64_t kMostSessions = std::int64_t{1} << kPlaceBits;
  static constexpr std::int64_t kMostSerials = std::int64_t{1} << (63 - kPlaceBits);  // an id is not negative

  StreamPool(std::shared_ptr<const StreamProgram> program, std::int64_t capacity, int threads);

  const StreamProgram& program() const { return *program_; }
  std::int64_t capacity() const { return static_cast<std::int64_t>(owners_.size()); }
  std::int64_t count() const { return capacity() - static_cast<std::int64_t>(free_.size()); }
  std::int64_t serial() const { return serial_; }

  // Whether an id is a session of this pool.
  bool has(std::int64_t id) const;
  // The position of the first id that is none, or that stands twice; -1 if all are good.
  std::int64_t first_wrong(const std::int64_t* ids, std::int64_t count);

  // Whether there are places and serial numbers for so many more sessions.
  bool has_room(std::int64_t count) const { return count <= capacity() - this->count() && count <= kMostSerials - serial_; }

  // All of these take ids that are good, and rooms that are free.
  void create(std::int64_t* ids, std::int64_t count);
  void evict(const std::int64_t* ids, std::int64_t count);
  void reset(const std::int64_t* ids, std::int64_t count);
  std::int64_t fork(std::int64_t id);
  void read_states(const std::int64_t* ids, std::int64_t count, float* to) const;
  void write_states(const std::int64_t* ids, std::int64_t count, const float* from);

  // Choose the sessions that step next; false if an id is none, or stands twice. Each id is read once and not needed
  // any more, since others may write to the array as soon as Python's lock is given up.
  bool select(const std::int64_t* ids, std::int64_t count);
  // One step of the sessions that were chosen: rows of input and output in their order.
  void step(StreamCall call);

  // All sessions, in the order of their places.
  std::vector<std::int64_t> ids() const;
  // Empty the pool and put sessions of these ids into their places, with zero states. False, and nothing happened, if a
  // place does not exist or is taken twice.
  bool replace_all(const std::int64_t* ids, std::int64_t count, std::int64_t serial);

  std::atomic_flag in_use = ATOMIC_FLAG_INIT;

 private:
  static std::int64_t place_of(std::int64_t id) { return id & (kMostSessions - 1); }
  float* row(std::int64_t id) const { return store_ + place_of(id) * program_->row_size(); }
  void clear(std::int64_t id);
  // Whether an id is a session that this call did not name before.
  bool is_next(std::int64_t id);

  std::shared_ptr<const StreamProgram> program_;
  int threads_;
  std::unique_ptr<void, Freed> memory_;
  float* store_;
  std::vector<std::int64_t> owners_;  // the id of the session in every place, or -1
  std::vector<std::int64_t> free_;    // places, the next one last
  std::vector<std::int64_t> marks_;   // the last call that named a place
  std::int64_t calls_ = 0;
  std::int64_t serial_ = 0;
  std::vector<float*> rows_;  // of a step
};

}  // namespace recurra
