// Numbers of 16 bits with fp32's range (bfloat16): rounded to the nearest, ties to even, numbers below 1e-38 to zero,
// as the processors do that know them; and products of pairs of them, which a register adds to fp32 sums.
#pragma once
#if defined(ISOFLOP_BF16)
#include <immintrin.h>
#endif

#include "../vector.h"

namespace {

typedef uint16_t half __attribute__((may_alias));
typedef uint32_t pair
    __attribute__((may_alias)); // two halves that follow each other along a product's inner axis, the first below

typedef half halves __attribute__((vector_size(WIDTH * 2), may_alias));
typedef half halves_unaligned __attribute__((vector_size(WIDTH * 2), aligned(2), may_alias));
typedef pair pairs_unaligned __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));

INLINE halves load_halves(const half* from) { return *reinterpret_cast<const halves_unaligned*>(from); }
INLINE void store_halves(half* to, halves x) { *reinterpret_cast<halves_unaligned*>(to) = x; }
/** The first `lanes` halves, the rest zeros. */
INLINE halves load_halves_up_to(const half* from, int lanes) {
  if (lanes == WIDTH) return load_halves(from);
  halves x = {};
  memcpy(&x, from, static_cast<size_t>(lanes) * 2);
  return x;
}
INLINE void store_halves_up_to(half* to, halves x, int lanes) {
  if (lanes == WIDTH)
    store_halves(to, x);
  else
    memcpy(to, &x, static_cast<size_t>(lanes) * 2);
}

INLINE vec widen(halves x) { return reinterpret_cast<vec>(__builtin_convertvector(x, bits) << 16); }

#if defined(ISOFLOP_BF16)
INLINE halves narrow(vec x) { return reinterpret_cast<halves>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(x))); }
#else
INLINE halves narrow(vec x) {
  const bits raw = reinterpret_cast<bits>(x), size = raw & 0x7fffffffu;
  const bits rounded = raw + 0x7fffu + ((raw >> 16) & 1u);
  const bits quiet = raw | 0x00400000u, zero = raw & 0x80000000u;
  const bits kept = size > 0x7f800000u ? quiet : size < 0x00800000u ? zero : rounded;
  return __builtin_convertvector(kept >> 16, halves);
}
#endif

/** `low` and `high` side by side, lane by lane. */
INLINE bits paired(halves low, halves high) {
  return __builtin_convertvector(low, bits) | (__builtin_convertvector(high, bits) << 16);
}
INLINE bits load_pairs(const pair* from) { return *reinterpret_cast<const pairs_unaligned*>(from); }
INLINE void store_pairs(pair* to, bits x) { *reinterpret_cast<pairs_unaligned*>(to) = x; }
INLINE bits splat_pair(pair x) { return bits{} + x; }

/**
 * sum + both products of each lane, the upper pair's first, each sum rounded to fp32. Arm's own instruction
 * (tile-arm.h) adds the products to each other first, and rounds to odd: right to the same bound, but not to the same
 * bits.
 */
#if defined(ISOFLOP_BF16)
INLINE vec add_products(vec sum, bits left, bits right) {
  return reinterpret_cast<vec>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(left),
                                                reinterpret_cast<__m512bh>(right)));
}
#else
INLINE vec add_products(vec sum, bits left, bits right) {
  const vec upper = reinterpret_cast<vec>(left & 0xffff0000u), lower = reinterpret_cast<vec>(left << 16);
  sum += upper * reinterpret_cast<vec>(right & 0xffff0000u); // a product of two halves is exact in fp32
  return sum + lower * reinterpret_cast<vec>(right << 16);
}
#endif

INLINE vec load_wide(const half* from, int lanes) { return widen(load_halves_up_to(from, lanes)); }
INLINE void store_narrow(half* to, vec x, int lanes) { store_halves_up_to(to, narrow(x), lanes); }

} // namespace
