/* fused: a * b + c, rounded once where the processor does that in one instruction. */
static float fused(float a, float b, float c) {
#ifdef HAS_FMAF
  return fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/* bits: A number as the 32 bits that it is made of, and back. */
static int32_t bits_of(float number) {
  int32_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

static float number_of(int32_t bits) {
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

/* expm1_tail(fused): (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2. */
static float expm1_tail(float r) {
  float p = 1.9841270e-4f;
  p = fused(p, r, 1.3888889e-3f);
  p = fused(p, r, 8.3333333e-3f);
  p = fused(p, r, 4.1666667e-2f);
  p = fused(p, r, 1.6666667e-1f);
  return fused(p, r, 0.5f);
}

/* reduced(bits, expm1_tail): 2^n and exp(r) - 1 of a number that is not positive: exp(x) = 2^n exp(r). */
static float reduced(float x, float *rest) {
  const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
  float shifted, n, r;
  x = x < -88.0f ? -88.0f : x;
  shifted = fused(x, 1.44269504f, shift);
  n = shifted - shift;
  r = fused(n, -1.42860682e-6f, fused(n, -0.693145751953125f, x));
  *rest = fused(expm1_tail(r), r * r, r);
  return number_of((int32_t)((uint32_t)(bits_of(shifted) - bits_of(shift) + 127) << 23));
}

/* exp_of_negative(reduced): exp(x) for x <= 0. */
static float exp_of_negative(float x) {
  float rest, power = reduced(x, &rest);
#ifdef HAS_FMAF
  return fmaf(power, rest, power);
#else
  return power * (1.0f + rest);
#endif
}

/* sigmoid(exp_of_negative): 1 / (1 + exp(-x)). */
static float sigmoid(float x) {
  const float smaller = exp_of_negative(-fabsf(x));
  return (x < 0.0f ? smaller : 1.0f) / (1.0f + smaller);
}

/* hyperbolic(reduced): tanh(x). */
static float hyperbolic(float x) {
  float rest, power = reduced(-2.0f * fabsf(x), &rest), expm1, result;
  expm1 = fused(power, rest, power - 1.0f);
  result = fabsf(expm1 / (expm1 + 2.0f));
  return x < 0.0f ? -result : result;
}

/* relu: x, or 0 for x < 0. */
static float relu(float x) { return x < 0.0f ? 0.0f : x; }

/* leaky_relu: x, or slope x for x < 0. */
static float leaky_relu(float x, float slope) { return x < 0.0f ? x * slope : x; }

/* elu(reduced): x, or exp(x) - 1 for x < 0. */
static float elu(float x) {
  float rest, power;
  if (!(x < 0.0f)) return x;
  power = reduced(x, &rest);
  return fused(power, rest, power - 1.0f);
}

/* silu(sigmoid): x sigmoid(x). */
static float silu(float x) { return x * sigmoid(x); }

/* exponential: exp(x). */
static float exponential(float x) { return expf(x); }

/* gelu: x times the normal distribution function at x. */
static float gelu(float x) { return x * 0.5f * (1.0f + erff(x * 0.70710678f)); }

/* softplus(exp_of_negative, relu): log(1 + exp(x)). */
static float softplus(float x) { return relu(x) + log1pf(exp_of_negative(-fabsf(x))); }

/* product(fused): sums = start + weight x, each in the order of x; no start: from 0. */
static void product(const float *weight, int32_t rows, int32_t depth, const float *x, const float *start, float *sums) {
  int32_t row, k;
  for (row = 0; row < rows; ++row) {
    const float *own = weight + (size_t)row * (size_t)depth;
    float sum = start ? start[row] : 0.0f;
    for (k = 0; k < depth; ++k) sum = fused(x[k], own[k], sum);
    sums[row] = sum;
  }
}

/* quantize(bits): Numbers as whole numbers of -127 to 127, and what 1 stands for; NaN where one is not finite. */
static float quantize(const float *x, int32_t depth, int8_t *to) {
  const float shift = 12582912.0f;
  int32_t most = 0, k;
  float magnitude, inverse;
  for (k = 0; k < depth; ++k) {
    const int32_t bits = bits_of(x[k]) & 0x7fffffff;
    most = bits > most ? bits : most;
  }
  magnitude = number_of(most);
  if (most >= 0x7f800000 || magnitude < 1e-30f) {
    memset(to, 0, (size_t)depth);
    return most < 0x7f800000 ? 0.0f : number_of(0x7fc00000);
  }
  inverse = 127.0f / magnitude;
  for (k = 0; k < depth; ++k) to[k] = (int8_t)(bits_of(x[k] * inverse + shift) - bits_of(shift));
  return magnitude / 127.0f;
}

/* product_int8(fused, quantize): sums = start + weight x of whole numbers; `scales` has a number for each row. */
static void product_int8(const int8_t *weight, const float *scales, int32_t rows, int32_t depth, const float *x,
                         const float *start, int8_t *quantized, float *sums) {
  const float scale = quantize(x, depth, quantized);
  int32_t row, k;
  for (row = 0; row < rows; ++row) {
    const int8_t *own = weight + (size_t)row * (size_t)depth;
    int32_t sum = 0;
    for (k = 0; k < depth; ++k) sum += (int32_t)quantized[k] * (int32_t)own[k];
    sums[row] = fused((float)sum, scales[row] * scale, start ? start[row] : 0.0f);
  }
}

/* zoned(fused): A value after zoneout, in expectation. */
static float zoned(float rate, float old, float fresh) { return rate == 0.0f ? fresh : fused(rate, old - fresh, fresh); }

/* step_elman(zoned): From sums to the new hidden state. */
static void step_elman(int32_t size, const float *sums, float rate, float (*function)(float), float *hidden) {
  int32_t j;
  for (j = 0; j < size; ++j) hidden[j] = zoned(rate, hidden[j], function ? function(sums[j]) : sums[j]);
}

/* step_lstm(zoned, sigmoid, hyperbolic): From sums of i, f, g, o to the new cell; `shown` is o tanh(c). */
static void step_lstm(int32_t size, const float *sums, const float *peepholes, float rate, float *cell, float *shown) {
  int32_t j;
  for (j = 0; j < size; ++j) {
    const float old = cell[j], candidate = hyperbolic(sums[2 * size + j]);
    float input_sum = sums[j], forget_sum = sums[size + j], output_sum = sums[3 * size + j], fresh;
    if (peepholes) {
      input_sum = fused(peepholes[j], old, input_sum);
      forget_sum = fused(peepholes[size + j], old, forget_sum);
    }
    fresh = fused(sigmoid(forget_sum), old, sigmoid(input_sum) * candidate);
    if (peepholes) output_sum = fused(peepholes[2 * size + j], fresh, output_sum);
    cell[j] = zoned(rate, old, fresh);
    shown[j] = sigmoid(output_sum) * hyperbolic(fresh);
  }
}

/* keep(zoned): The hidden state from what is shown. */
static void keep(int32_t size, const float *shown, float rate, float *hidden) {
  int32_t j;
  for (j = 0; j < size; ++j) hidden[j] = zoned(rate, hidden[j], shown[j]);
}

/* step_gru(zoned, sigmoid, hyperbolic): From sums of r, z, and both parts of the candidate. */
static void step_gru(int32_t size, const float *gates, const float *input, const float *recurrent, float rate,
                     float *hidden) {
  int32_t j;
  for (j = 0; j < size; ++j) {
    const float candidate = hyperbolic(fused(sigmoid(gates[j]), recurrent[j], input[j])), old = hidden[j];
    hidden[j] = zoned(rate, old, fused(sigmoid(gates[size + j]), old - candidate, candidate));
  }
}

/* reset_gru(sigmoid): The state that enters the candidate. */
static void reset_gru(int32_t size, const float *sums, const float *hidden, float *gated) {
  int32_t j;
  for (j = 0; j < size; ++j) gated[j] = sigmoid(sums[j]) * hidden[j];
}

/* step_gru_reset_before(zoned, sigmoid, hyperbolic): From sums of r, z and the whole candidate. */
static void step_gru_reset_before(int32_t size, const float *sums, float rate, float *hidden) {
  int32_t j;
  for (j = 0; j < size; ++j) {
    const float candidate = hyperbolic(sums[2 * size + j]), old = hidden[j];
    hidden[j] = zoned(rate, old, fused(sigmoid(sums[size + j]), old - candidate, candidate));
  }
}

/* normal(fused): (x - mean) / sqrt(variance + epsilon). */
static void normal(int32_t size, float epsilon, const float *from, float *to) {
  float mean = 0.0f, squares = 0.0f, scale;
  int32_t j;
  for (j = 0; j < size; ++j) mean += from[j];
  mean /= (float)size;
  for (j = 0; j < size; ++j) squares = fused(from[j] - mean, from[j] - mean, squares);
  scale = 1.0f / sqrtf(squares / (float)size + epsilon);
  for (j = 0; j < size; ++j) to[j] = (from[j] - mean) * scale;
}

/* scaled(fused): gain x + bias for each number; no bias: 0. */
static void scaled(int32_t size, const float *gain, const float *bias, float *x) {
  int32_t j;
  for (j = 0; j < size; ++j) x[j] = fused(gain[j], x[j], bias ? bias[j] : 0.0f);
}

/* layer_norm_gates(fused): LN(W x) + b and LN(U h), which is still to be scaled, added up. */
static void layer_norm_gates(int32_t size, const float *gain, const float *recurrent, float *sums) {
  int32_t j;
  for (j = 0; j < size; ++j) sums[j] = fused(gain[j], recurrent[j], sums[j]);
}

/* layer_norm_lstm_cell(zoned, sigmoid, hyperbolic): From gates to the new cell, which is put out as it is, too. */
static void layer_norm_lstm_cell(int32_t size, const float *gates, float rate, float *cell, float *fresh) {
  int32_t j;
  for (j = 0; j < size; ++j) {
    const float old = cell[j];
    fresh[j] = fused(sigmoid(gates[size + j]), old, sigmoid(gates[j]) * hyperbolic(gates[2 * size + j]));
    cell[j] = zoned(rate, old, fresh[j]);
  }
}

/* layer_norm_lstm_shown(sigmoid, hyperbolic): The output gate times tanh. */
static void layer_norm_lstm_shown(int32_t size, const float *output_sums, float *fresh) {
  int32_t j;
  for (j = 0; j < size; ++j) fresh[j] = sigmoid(output_sums[j]) * hyperbolic(fresh[j]);
}

/* to_units: (x - mean) / scale for each number. */
static void to_units(int32_t size, const float *mean, const float *scale, float *x) {
  int32_t j;
  for (j = 0; j < size; ++j) x[j] = (x[j] - mean[j]) / scale[j];
}

/* softmax(exp_of_negative): exp(x) over its sum. */
static void softmax(int32_t size, float *x) {
  float largest = x[0], total = 0.0f;
  int32_t j;
  for (j = 1; j < size; ++j) largest = x[j] > largest ? x[j] : largest;
  for (j = 0; j < size; ++j) {
    x[j] = exp_of_negative(x[j] - largest);
    total += x[j];
  }
  for (j = 0; j < size; ++j) x[j] /= total;
}

/* log_softmax(exp_of_negative): The logarithm of that. */
static void log_softmax(int32_t size, float *x) {
  float largest = x[0], total = 0.0f;
  int32_t j;
  for (j = 1; j < size; ++j) largest = x[j] > largest ? x[j] : largest;
  for (j = 0; j < size; ++j) total += exp_of_negative(x[j] - largest);
  total = logf(total);
  for (j = 0; j < size; ++j) x[j] = x[j] - largest - total;
}

/* running_max: The largest of this step and all before; NaN stays. */
static void running_max(int32_t size, float *kept, float *steps, float *x) {
  int32_t j;
  for (j = 0; j < size; ++j) {
    if (*steps == 0.0f || x[j] > kept[j] || x[j] != x[j]) kept[j] = x[j];
    x[j] = kept[j];
  }
  *steps = 1.0f;
}

/* running_mean: The mean of this step and all before; from step 2^24 on the count stays. */
static void running_mean(int32_t size, float *kept, float *steps, float *x) {
  int32_t j;
  if (*steps < 16777216.0f) *steps += 1.0f;
  for (j = 0; j < size; ++j) {
    const float old = *steps == 1.0f ? x[j] : kept[j];
    x[j] = kept[j] = old + (x[j] - old) / *steps;
  }
}

/* added: x + y for each number. */
static void added(int32_t size, const float *y, float *x) {
  int32_t j;
  for (j = 0; j < size; ++j) x[j] += y[j];
}
