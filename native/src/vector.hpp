// Vectors of one instruction set, by the compiler's vector extensions.
//
// Everything here and in every kernel lives in a namespace named after the instruction set it is compiled for, so
// that the linker never merges code for one processor with code for another.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define RECURRA_INLINE inline __attribute__((always_inline))

namespace recurra::RECURRA_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kRegisters = 16;
#elif defined(__ARM_NEON)
constexpr int kVectorBytes = 16;
constexpr int kRegisters = 32;
#else
constexpr int kVectorBytes = 16;
constexpr int kRegisters = 16;
#endif

template <class T>
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

template <class T>
struct VectorOf;

template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
  typedef std::int32_t bits __attribute__((vector_size(kVectorBytes)));
};

template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
  typedef std::int64_t bits __attribute__((vector_size(kVectorBytes)));
};

template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
using Bits = typename VectorOf<T>::bits;

template <class T>
RECURRA_INLINE Vector<T> load(const T* from) {
  Vector<T> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
RECURRA_INLINE void store(T* to, Vector<T> value) {
  std::memcpy(to, &value, sizeof value);
}

// The first `count` numbers, zeros in the lanes beyond them.
template <class T>
RECURRA_INLINE Vector<T> load(const T* from, std::int64_t count) {
  if (count >= kLanes<T>) return load(from);
  Vector<T> value{};
  for (int lane = 0; lane < kLanes<T>; ++lane)
    if (lane < count) value[lane] = from[lane];
  return value;
}

template <class T>
RECURRA_INLINE void store(T* to, Vector<T> value, std::int64_t count) {
  if (count >= kLanes<T>) return store(to, value);
  for (int lane = 0; lane < kLanes<T>; ++lane)
    if (lane < count) to[lane] = value[lane];
}

template <class T>
RECURRA_INLINE Vector<T> broadcast(T value) {
  return value - Vector<T>{};  // x - 0 is x, of either sign of zero
}

#if defined(__AVX512F__) || defined(__FMA__) || defined(__ARM_NEON)
constexpr bool kFuses = true;
#else
constexpr bool kFuses = false;
#endif

// a * b + c, rounded once where the instruction set can (kFuses). The compiler itself contracts nothing (-ffp-contract=off),
// so a number is computed alike wherever it stands.
RECURRA_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) {
#if defined(__AVX512F__)
  return (Vector<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (Vector<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
  return (Vector<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

RECURRA_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
#if defined(__AVX512F__)
  return (Vector<double>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__FMA__)
  return (Vector<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__ARM_NEON)
  return (Vector<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}

template <class T>
RECURRA_INLINE T sum(Vector<T> value) {
  T total = value[0];
  for (int lane = 1; lane < kLanes<T>; ++lane) total += value[lane];
  return total;
}

// Of a square, a row each: the lanes of `a` that have STEP in their number, and those of `b` that have not, exchanged.
template <class T, int STEP, int... LANES>
RECURRA_INLINE void exchange(Vector<T>& a, Vector<T>& b, std::integer_sequence<int, LANES...>) {
  constexpr int count = kLanes<T>;
#if __has_builtin(__builtin_shufflevector)
  const Vector<T> first = __builtin_shufflevector(a, b, (LANES & STEP ? count + LANES - STEP : LANES)...);
  b = __builtin_shufflevector(a, b, (LANES & STEP ? count + LANES : LANES + STEP)...);
#else  // GCC before 12
  const Vector<T> first = __builtin_shuffle(a, b, Bits<T>{(LANES & STEP ? count + LANES - STEP : LANES)...});
  b = __builtin_shuffle(a, b, Bits<T>{(LANES & STEP ? count + LANES : LANES + STEP)...});
#endif
  a = first;
}

// Rows and columns of a square exchanged, in blocks of STEP and then of twice as many.
template <class T, int STEP = 1>
RECURRA_INLINE void transpose(Vector<T> (&square)[kLanes<T>]) {
  if constexpr (STEP < kLanes<T>) {
#pragma GCC unroll 16
    for (int row = 0; row < kLanes<T>; ++row)
      if ((row & STEP) == 0)
        exchange<T, STEP>(square[row], square[row + STEP], std::make_integer_sequence<int, kLanes<T>>{});
    transpose<T, 2 * STEP>(square);
  }
}

constexpr std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a < b ? b : a; }

}  // namespace recurra::RECURRA_ISA
