/* Functions of <math.h> in double precision, whose results are right to the last bit but one of a float. */
#include "math.h"

#include <stdint.h>

static const double ln2 = 0.69314718055994530942;

/* 2^n for -1022 <= n <= 1023. */
static double power_of_two(int n) {
  union { uint64_t bits; double number; } one;
  one.bits = (uint64_t)(n + 1023) << 52;
  return one.number;
}

float expf(float x) {
  double r, term = 1.0, sum = 1.0;
  int n, k;
  if (x != x) return x;
  if (x > 89.0f) return __builtin_inff();
  if (x < -104.0f) return 0.0f;
  n = (int)((double)x / ln2 + (x < 0.0f ? -0.5 : 0.5));
  r = (double)x - n * ln2;
  for (k = 1; k < 13; ++k) sum += term *= r / k;
  return (float)(sum * power_of_two(n));
}

/* log((1 + s) / (1 - s)) for |s| <= 1/3. */
static double log_of_ratio(double s) {
  double power = s, sum = 0.0;
  int k;
  for (k = 1; k < 34; k += 2, power *= s * s) sum += power / k;
  return 2.0 * sum;
}

float logf(float x) {
  union { double number; uint64_t bits; } one;
  int n;
  if (x == 0.0f) return -__builtin_inff();
  if (!(x > 0.0f) || x > 3.4028235e38f) return x > 0.0f ? x : __builtin_nanf("");
  one.number = (double)x; /* a float is never a subnormal double */
  n = (int)(one.bits >> 52) - 1023;
  one.bits = (one.bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
  return (float)(n * ln2 + log_of_ratio((one.number - 1.0) / (one.number + 1.0)));
}

float log1pf(float x) {
  if (x >= -0.5f && x <= 1.0f) return (float)log_of_ratio((double)x / (2.0 + (double)x));
  return logf(1.0f + x);
}

float erff(float x) {
  const double two_over_root_of_pi = 1.12837916709551257390;
  const double y = (double)x;
  double term = y, sum = y;
  int k;
  if (x != x) return x;
  if (x > 4.0f || x < -4.0f) return x > 0.0f ? 1.0f : -1.0f;
  for (k = 1; k < 90; ++k) {
    term *= -y * y / k;
    sum += term / (2 * k + 1);
  }
  return (float)(two_over_root_of_pi * sum);
}
