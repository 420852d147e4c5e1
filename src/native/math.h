// Vectorised exp, square root and the two GELU forms with their derivatives, accurate to a few units in the last place.
#pragma once
#include <cmath>

#include "vector.h"

namespace {

/** e^x for finite x clamped to [-87, 88]; NaN stays NaN. Cody-Waite reduction, polynomial of degree 6. */
INLINE vec exponential(vec x) {
  x = least(greatest(x, splat(-87.0f)), splat(88.0f));
  const vec shifted =
      x * splat(1.44269504088896341f) + splat(12582912.0f); // rounds to an integer in the low mantissa bits
  const vec n = shifted - splat(12582912.0f);
  const vec r = (x - n * splat(0.693145751953125f)) - n * splat(1.428606765330187e-6f);
  vec p = splat(1.388888889e-3f);
  p = p * r + splat(8.333333333e-3f);
  p = p * r + splat(4.166666667e-2f);
  p = p * r + splat(1.666666667e-1f);
  p = p * r + splat(0.5f);
  p = p * r + splat(1.0f);
  p = p * r + splat(1.0f);
  const bits power = (reinterpret_cast<bits>(shifted) << 23) + 0x3f800000u;
  return p * reinterpret_cast<vec>(power);
}

INLINE vec square_root(vec x) {
  vec y;
  for (int i = 0; i < WIDTH; i++) y[i] = __builtin_sqrtf(x[i]);
  return y;
}

struct Gelu {
  vec value, slope;
};

/** gelu_new, GPT-2's: x · sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x³). */
INLINE Gelu gelu_tanh(vec x) {
  const vec square = x * x;
  const vec twice = x * (splat(1.5957691216057308f) + splat(0.0713548162726009f) * square); // 2u
  const vec sigmoid = splat(1.0f) / (splat(1.0f) + exponential(-twice));
  const vec growth = splat(1.5957691216057308f) + splat(0.2140644488178027f) * square; // d(2u)/dx
  return {x * sigmoid, sigmoid + x * sigmoid * (splat(1.0f) - sigmoid) * growth};
}

/**
 * gelu, the exact form: x · Φ(x), Φ(x) = erfc(-x/√2)/2. erfc(z) = e^(-z²) t q(t) with t = 1/(1 + 0.33 z); q of degree 7
 * was fitted to a relative error of 1e-7 on [0, 10], so the far negative tail keeps its digits.
 */
INLINE Gelu gelu_erf(vec x) {
  const vec size = x < vec{} ? -x : x;
  const vec t = splat(1.0f) / (splat(1.0f) + splat(0.33f * 0.70710678118654752f) * size);
  vec q = splat(-0.1353447148405791f);
  q = q * t + splat(0.46023321404319545f);
  q = q * t + splat(-0.35114323071061054f);
  q = q * t + splat(0.40849423734976326f);
  q = q * t + splat(0.04722359356331014f);
  q = q * t + splat(0.20122302144364046f);
  q = q * t + splat(0.182956077035498f);
  q = q * t + splat(0.1863577945942051f);
  const vec bell = exponential(splat(-0.5f) * x * x);
  const vec tail = splat(0.5f) * bell * t * q; // Φ(-|x|)
  const vec share = x > vec{} ? splat(1.0f) - tail : tail;
  return {x * share, share + x * bell * splat(0.39894228040143268f)};
}

template <bool EXACT> INLINE Gelu gelu_of(vec x) { return EXACT ? gelu_erf(x) : gelu_tanh(x); }

} // namespace
