// One SIMD register of floats through the compiler's vector extensions, as wide as this translation unit's -m flags allow.
// Everything here lives in an anonymous namespace: each instruction set compiles its own copy.
#pragma once
#include <cstdint>
#include <cstring>

#define INLINE inline __attribute__((always_inline))

namespace {

#if defined(ISOFLOP_AVX512)
constexpr int WIDTH = 16; // floats a register
#elif defined(ISOFLOP_AVX2)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif

typedef float vec __attribute__((vector_size(WIDTH * 4), may_alias));
typedef float vec_unaligned __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
typedef uint32_t bits __attribute__((vector_size(WIDTH * 4), may_alias));
typedef int32_t mask __attribute__((vector_size(WIDTH * 4), may_alias));

INLINE vec load(const float* from) { return *reinterpret_cast<const vec_unaligned*>(from); }
INLINE void store(float* to, vec x) { *reinterpret_cast<vec_unaligned*>(to) = x; }
INLINE vec splat(float x) { return x - vec{}; } // x - 0 is x for every x, and compiles to one broadcast
INLINE vec least(vec a, vec b) { return a > b ? b : a; }   // a NaN in `a` stays NaN
INLINE vec greatest(vec a, vec b) { return a < b ? b : a; } // a NaN in `a` stays NaN

/** The first `count` floats, the rest `filler`. */
INLINE vec load_part(const float* from, int count, float filler = 0) {
  vec x = splat(filler);
  memcpy(&x, from, static_cast<size_t>(count) * 4);
  return x;
}
INLINE void store_part(float* to, vec x, int count) { memcpy(to, &x, static_cast<size_t>(count) * 4); }

/** Sum of all lanes, always in the same order. */
INLINE float sum(vec x) {
  float lane[WIDTH];
  memcpy(lane, &x, sizeof lane);
  for (int half = WIDTH / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  return lane[0];
}
/** Largest lane; NaN if any lane is. */
INLINE float largest(vec x) {
  float lane[WIDTH];
  memcpy(lane, &x, sizeof lane);
  for (int half = WIDTH / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lane[i] = lane[i] > lane[i + half] || lane[i] != lane[i] ? lane[i] : lane[i + half];
  return lane[0];
}

/**
 * Calls body(offset, load, store) over `count` floats, a register at a time; the last, partial register goes through
 * load_part and store_part, so nothing past the end is touched.
 */
template <class Body> INLINE void each_register(long count, Body body) {
  long i = 0;
  for (; i + WIDTH <= count; i += WIDTH) body(i, WIDTH);
  if (i < count) body(i, static_cast<int>(count - i));
}
INLINE vec load_up_to(const float* from, int lanes) { return lanes == WIDTH ? load(from) : load_part(from, lanes); }
INLINE void store_up_to(float* to, vec x, int lanes) {
  if (lanes == WIDTH) store(to, x);
  else store_part(to, x, lanes);
}

} // namespace
