#include "rows.hpp"

#include <algorithm>
#include <cstring>

#include "shares.hpp"

namespace recurra {

void pack_rows(const Sequence& sequence, const char* padded, char* rows, std::int64_t width, std::int64_t pitch,
               int threads) {
  const std::int64_t bytes = sequence.steps * sequence.batch * width;
  for_shares(sequence.steps, bytes, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t step = begin; step < end; ++step)
      for (std::int64_t row = 0; row < sequence.rows[step]; ++row)
        std::memcpy(rows + sequence.position(row, step) * pitch, padded + sequence.padded(row, step) * width,
                    static_cast<std::size_t>(width));
  });
}

void unpack_rows(const Sequence& sequence, const char* rows, char* padded, std::int64_t width, std::int64_t pitch,
                 int threads) {
  const std::int64_t bytes = sequence.steps * sequence.batch * width;
  for_shares(sequence.steps, bytes, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t step = begin; step < end; ++step) {
      for (std::int64_t row = 0; rows != nullptr && row < sequence.rows[step]; ++row)
        std::memcpy(padded + sequence.padded(row, step) * width, rows + sequence.position(row, step) * pitch,
                    static_cast<std::size_t>(width));
      for (std::int64_t row = sequence.rows[step]; row < sequence.batch; ++row)
        std::memset(padded + sequence.padded(row, step) * width, 0, static_cast<std::size_t>(width));
    }
  });
}

template <class T>
void gather_entering(const Recurrence<T>& r, Rows<T> to, int threads) {
  const Sequence& sequence = r.sequence;
  const auto size = static_cast<std::size_t>(r.outputs_size);
  const auto bytes = sequence.steps * sequence.batch * r.outputs_size * static_cast<std::int64_t>(sizeof(T));
  for_shares(sequence.batch, bytes, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t length = sequence.lengths[row];
      const T* const first = r.hidden_first + sequence.order[row] * r.outputs_size;
      const T* const mask = r.mask == nullptr ? nullptr : r.mask + sequence.order[row] * r.outputs_size;
      for (std::int64_t step = 0; step < length; ++step) {
        T* const into = to.at(sequence.position(row, step));
        if (sequence.is_reset(row, step)) {
          std::fill_n(into, size, T(0));
          continue;
        }
        const bool begins = r.reverse ? step == length - 1 : step == 0;
        const T* const from = begins ? first : r.outputs.at(sequence.padded(row, r.reverse ? step + 1 : step - 1));
        if (mask == nullptr)
          std::memcpy(into, from, size * sizeof(T));
        else
          for (std::size_t j = 0; j < size; ++j) into[j] = from[j] * mask[j];
      }
    }
  });
}

template void gather_entering(const Recurrence<float>&, Rows<float>, int);
template void gather_entering(const Recurrence<double>&, Rows<double>, int);

}  // namespace recurra
