// One SIMD register of floats through the compiler's vector extensions, as wide as this translation unit's -m flags
// allow. Everything here lives in an anonymous namespace: each instruction set compiles its own copy.
#pragma once
#include <cstddef>
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
INLINE vec splat(float x) { return x - vec{}; }             // x - 0 is x for every x, and compiles to one broadcast
INLINE vec least(vec a, vec b) { return a > b ? b : a; }    // a NaN in `a` stays NaN
INLINE vec greatest(vec a, vec b) { return a < b ? b : a; } // a NaN in `a` stays NaN

/** The first `count` floats, the rest `filler`. */
INLINE vec load_part(const float* from, int count, float filler = 0) {
  vec x = splat(filler);
  memcpy(&x, from, static_cast<size_t>(count) * 4);
  return x;
}
INLINE void store_part(float* to, vec x, int count) { memcpy(to, &x, static_cast<size_t>(count) * 4); }

/** Asks for the line that a pass over memory will reach some lines later; past the end of an array it does nothing. */
constexpr int PREFETCH_FLOATS = 512;
INLINE void prefetch(const float* at) { __builtin_prefetch(at + PREFETCH_FLOATS); }
INLINE void prefetch_for_write(float* at) { __builtin_prefetch(at + PREFETCH_FLOATS, 1); }

/** 0, 1, 2, ... in the lanes. */
INLINE mask lane_numbers() {
#if defined(ISOFLOP_AVX512)
  return mask{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif defined(ISOFLOP_AVX2)
  return mask{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return mask{0, 1, 2, 3};
#endif
}
/** The first `count` lanes of x, `other` in the rest; any count. */
INLINE vec first_lanes(vec x, ptrdiff_t count, vec other) {
  const int32_t most = count > WIDTH ? WIDTH : static_cast<int32_t>(count);
  return lane_numbers() < (mask{} + most) ? x : other;
}

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
/** Sum of all lanes, always in the same order. */
INLINE float sum(vec x) {
  float lane[WIDTH];
  store(lane, x);
  quad total = *reinterpret_cast<const quad*>(lane);
  for (int i = 4; i < WIDTH; i += 4) total += *reinterpret_cast<const quad*>(lane + i);
  return (total[0] + total[1]) + (total[2] + total[3]);
}
/** Largest lane; NaN if any lane is. */
INLINE float largest(vec x) {
  float lane[WIDTH];
  store(lane, x);
  quad top = *reinterpret_cast<const quad*>(lane);
  for (int i = 4; i < WIDTH; i += 4) {
    const quad next = *reinterpret_cast<const quad*>(lane + i);
    top = ((top > next) | (top != top)) ? top : next;
  }
  const auto of = [](float a, float b) { return a > b || a != a ? a : b; };
  return of(of(top[0], top[1]), of(top[2], top[3]));
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define ISOFLOP_SHUFFLES
#endif
#endif

#if defined(ISOFLOP_SHUFFLES)
#if defined(ISOFLOP_AVX512)
#define ISOFLOP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ISOFLOP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(ISOFLOP_AVX2)
#define ISOFLOP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ISOFLOP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define ISOFLOP_LOW 0, 4, 1, 5
#define ISOFLOP_HIGH 2, 6, 3, 7
#endif
#endif

/** A square of WIDTH rows becomes its transpose: element j of row i goes to element i of row j. */
INLINE void transpose_square(const float* from, ptrdiff_t ldFrom, float* to, ptrdiff_t ldTo) {
#if defined(ISOFLOP_SHUFFLES)
  vec rows[WIDTH], mixed[WIDTH];
#pragma GCC unroll 16
  for (int i = 0; i < WIDTH; i++) rows[i] = load(from + i * ldFrom);
#pragma GCC unroll 4
  for (int stage = 1; stage < WIDTH; stage *= 2) { // each stage interleaves the upper half's rows with the lower half's
#pragma GCC unroll 8
    for (int i = 0; i < WIDTH / 2; i++) {
      mixed[2 * i] = __builtin_shufflevector(rows[i], rows[i + WIDTH / 2], ISOFLOP_LOW);
      mixed[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + WIDTH / 2], ISOFLOP_HIGH);
    }
#pragma GCC unroll 16
    for (int i = 0; i < WIDTH; i++) rows[i] = mixed[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < WIDTH; i++) store(to + i * ldTo, rows[i]);
#else
  for (int i = 0; i < WIDTH; i++)
    for (int j = 0; j < WIDTH; j++) to[j * ldTo + i] = from[i * ldFrom + j];
#endif
}

/**
 * Calls body(offset, load, store) over `count` floats, a register at a time; the last, partial register goes through
 * load_part and store_part, so nothing past the end is touched.
 */
template <class Body> INLINE void each_register(ptrdiff_t count, Body body) {
  ptrdiff_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) body(i, WIDTH);
  if (i < count) body(i, static_cast<int>(count - i));
}
INLINE vec load_up_to(const float* from, int lanes) { return lanes == WIDTH ? load(from) : load_part(from, lanes); }
INLINE void store_up_to(float* to, vec x, int lanes) {
  if (lanes == WIDTH)
    store(to, x);
  else
    store_part(to, x, lanes);
}

} // namespace
