// Moving rows of numbers between the caller's padded tensors and the engine's positions.
#pragma once

#include "recurrence.hpp"

namespace recurra {

// The valid steps of a padded tensor, `width` bytes each, to rows that begin `pitch` bytes apart.
void pack_rows(const Sequence& sequence, const char* padded, char* rows, std::int64_t width, std::int64_t pitch,
               int threads);

// The other way, with zeros past every row's length. Without `rows` only these are written.
void unpack_rows(const Sequence& sequence, const char* rows, char* padded, std::int64_t width, std::int64_t pitch,
                 int threads);

// The hidden states that entered the products of a direction, to (positions, P): mask and resets applied.
template <class T>
void gather_entering(const Recurrence<T>& recurrence, Rows<T> to, int threads);

}  // namespace recurra
