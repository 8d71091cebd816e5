// The activations: exp, tanh and sigmoid of a vector. Where the exact result is a normal number, they are less than
// 3 units of its last place off: tests/activations.cpp asserts it. Over all float32 they are at most 1.1, 2.5 and 2.4
// off.
//
// All three rest on expm1 of a number that is never positive: x = n ln2 + r with |r| <= ln2 / 2, a polynomial for
// expm1(r), and 2^n made from its bits. NaN goes through, infinities give the limits, and where a result would be
// smaller than the smallest normal number it is zero or that number; there is no slow path for denormals.
#pragma once

#include "vector.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  static constexpr float log2e = 1.44269504088896341f;
  static constexpr float ln2_high = 0.693145751953125f;  // 16 bits: n times it is exact
  static constexpr float ln2_low = 1.42860682030941723212e-6f;
  static constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr float lowest = -88.0f;      // 2^n is zero here: the exponent's bits are
  static constexpr int mantissa = 23;
  static constexpr std::int32_t bias = 127;
};

template <>
struct ExpConstants<double> {
  static constexpr double log2e = 1.44269504088896340736;
  static constexpr double ln2_high = 0.693147180369123816490;
  static constexpr double ln2_low = 1.90821492927058770002e-10;
  static constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double lowest = -709.0;
  static constexpr int mantissa = 52;
  static constexpr std::int64_t bias = 1023;
};

// (expm1(r) - r) / r^2 for |r| <= ln2 / 2.
RECURRA_INLINE Vector<float> expm1_tail(Vector<float> r) {
  Vector<float> p = broadcast(1.9841270e-4f);
  p = fma(p, r, broadcast(1.3888889e-3f));
  p = fma(p, r, broadcast(8.3333333e-3f));
  p = fma(p, r, broadcast(4.1666667e-2f));
  p = fma(p, r, broadcast(1.6666667e-1f));
  return fma(p, r, broadcast(0.5f));
}

RECURRA_INLINE Vector<double> expm1_tail(Vector<double> r) {
  Vector<double> p = broadcast(1.1470745597729724714e-11);  // 1/14!
  p = fma(p, r, broadcast(1.6059043836821614599e-10));
  p = fma(p, r, broadcast(2.0876756987868098979e-9));
  p = fma(p, r, broadcast(2.5052108385441718775e-8));
  p = fma(p, r, broadcast(2.7557319223985890653e-7));
  p = fma(p, r, broadcast(2.7557319223985890653e-6));
  p = fma(p, r, broadcast(2.4801587301587301587e-5));
  p = fma(p, r, broadcast(1.9841269841269841270e-4));
  p = fma(p, r, broadcast(1.3888888888888888889e-3));
  p = fma(p, r, broadcast(8.3333333333333333333e-3));
  p = fma(p, r, broadcast(4.1666666666666666667e-2));
  p = fma(p, r, broadcast(1.6666666666666666667e-1));
  return fma(p, r, broadcast(0.5));
}

// 2^n and expm1(r) of a number that is not positive, so that exp(x) = 2^n (1 + expm1(r)).
template <class T>
struct Reduced {
  Vector<T> power;
  Vector<T> rest;
};

template <class T>
RECURRA_INLINE Reduced<T> reduced(Vector<T> x) {
  using C = ExpConstants<T>;
  const Vector<T> lowest = broadcast(C::lowest);
  x = x < lowest ? lowest : x;  // false for NaN, which goes on
  const Vector<T> shifted = fma(x, broadcast(C::log2e), broadcast(C::shift));
  const Vector<T> n = shifted - C::shift;
  const Vector<T> r = fma(n, broadcast(-C::ln2_low), fma(n, broadcast(-C::ln2_high), x));
  const Bits<T> exponent = ((Bits<T>)shifted - (Bits<T>)broadcast(C::shift) + C::bias) << C::mantissa;
  return {(Vector<T>)exponent, fma(expm1_tail(r), r * r, r)};
}

template <class T>
RECURRA_INLINE Vector<T> magnitude(Vector<T> x) {
  const Vector<T> sign = broadcast(T(-0.0));
  return (Vector<T>)((Bits<T>)x & ~(Bits<T>)sign);
}

// exp(x) for x <= 0.
template <class T>
RECURRA_INLINE Vector<T> exp_of_negative(Vector<T> x) {
  const Reduced<T> part = reduced<T>(x);
  if constexpr (kFuses) return fma(part.power, part.rest, part.power);
  return part.power * (T(1) + part.rest);  // the same: power * rest alone could be too small to be a normal number
}

template <class T>
RECURRA_INLINE Vector<T> sigmoid(Vector<T> x) {
  const Vector<T> one = broadcast(T(1));
  const Vector<T> small = exp_of_negative<T>(-magnitude<T>(x));
  const Vector<T> numerator = x < T(0) ? small : one;
  return numerator / (one + small);
}

template <class T>
RECURRA_INLINE Vector<T> tanh(Vector<T> x) {
  const Vector<T> sign = broadcast(T(-0.0));
  const Reduced<T> part = reduced<T>(T(-2) * magnitude<T>(x));
  const Vector<T> expm1 = fma(part.power, part.rest, part.power - T(1));
  const Vector<T> minus_result = expm1 / (expm1 + T(2));
  return (Vector<T>)(((Bits<T>)minus_result & ~(Bits<T>)sign) | ((Bits<T>)x & (Bits<T>)sign));
}

template <class T>
RECURRA_INLINE Vector<T> relu(Vector<T> x) {
  return x < T(0) ? Vector<T>{} : x;  // NaN goes through
}

}  // namespace recurra::RECURRA_ISA
