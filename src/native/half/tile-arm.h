// The micro-kernel of bf16's products on Arm: `bfmmla` multiplies two rows by two columns, four numbers deep, and adds
// the products to a square of fp32 sums. The bits are those of `bfdot` over the same pairs in turn.
#pragma once
#include <arm_neon.h>

#include "number.h"

namespace {

/** Two pairs of rows i and i + 1, zeros where there is none: what one multiplication reads of the left. */
template <int R, ptrdiff_t RS> INLINE bfloat16x8_t two_rows(const pair* a, ptrdiff_t step, int i, bool areTwoPairs) {
  const ptrdiff_t next = RS == 1 ? step : 1;
  const pair *row = a + i * RS, *other = row + RS;
  const bool areTwoRows = i + 1 < R;
  if (!areTwoPairs || !areTwoRows)
    return vreinterpretq_bf16_u32(uint32x4_t{row[0], areTwoPairs ? row[next] : 0, areTwoRows ? other[0] : 0,
                                             areTwoPairs && areTwoRows ? other[next] : 0});
  const uint32x2_t first = vld1_u32(row), second = vld1_u32(RS == 1 ? row + next : other);
  return vreinterpretq_bf16_u32(
      RS == 1 ? vcombine_u32(vzip1_u32(first, second), vzip2_u32(first, second)) : vcombine_u32(first, second));
}

/** As in tile.h. */
template <int R, ptrdiff_t RS>
void half_tile(ptrdiff_t pairs, const pair* a, ptrdiff_t step, const pair* b, float* c, ptrdiff_t ldc, bool adds) {
  constexpr int DOWN = (R + 1) / 2, ACROSS = NR / 2; // squares
  float32x4_t acc[DOWN][ACROSS];
  const float32x4_t zeros = vdupq_n_f32(0);
#pragma GCC unroll 4
  for (int i = 0; i < DOWN; i++)
#pragma GCC unroll 8
    for (int j = 0; j < ACROSS; j += 2) {
      const float* from = c + 2 * i * ldc + 2 * j;
      const float32x4_t upper = adds ? vld1q_f32(from) : zeros;
      const float32x4_t lower = adds && 2 * i + 1 < R ? vld1q_f32(from + ldc) : zeros;
      acc[i][j] = vcombine_f32(vget_low_f32(upper), vget_low_f32(lower));
      acc[i][j + 1] = vcombine_f32(vget_high_f32(upper), vget_high_f32(lower));
    }
  const auto deeper = [&](bool areTwoPairs) __attribute__((always_inline)) {
    bfloat16x8_t left[DOWN];
#pragma GCC unroll 4
    for (int i = 0; i < DOWN; i++) left[i] = two_rows<R, RS>(a, step, 2 * i, areTwoPairs);
#pragma GCC unroll 8
    for (int j = 0; j < ACROSS; j += 2) {
      const uint32x4_t first = vld1q_u32(b + 2 * j), second = areTwoPairs ? vld1q_u32(b + NR + 2 * j) : vdupq_n_u32(0);
      const bfloat16x8_t right = vreinterpretq_bf16_u32(vzip1q_u32(first, second));
      const bfloat16x8_t after = vreinterpretq_bf16_u32(vzip2q_u32(first, second));
#pragma GCC unroll 4
      for (int i = 0; i < DOWN; i++) {
        acc[i][j] = vbfmmlaq_f32(acc[i][j], left[i], right);
        acc[i][j + 1] = vbfmmlaq_f32(acc[i][j + 1], left[i], after);
      }
    }
  };
  for (; pairs >= 2; pairs -= 2) {
    deeper(true);
    a += 2 * (RS == 1 ? step : 1);
    b += 2 * NR;
  }
  if (pairs > 0) deeper(false);
#pragma GCC unroll 4
  for (int i = 0; i < DOWN; i++)
#pragma GCC unroll 8
    for (int j = 0; j < ACROSS; j += 2) {
      float* to = c + 2 * i * ldc + 2 * j;
      vst1q_f32(to, vcombine_f32(vget_low_f32(acc[i][j]), vget_low_f32(acc[i][j + 1])));
      if (2 * i + 1 < R) vst1q_f32(to + ldc, vcombine_f32(vget_high_f32(acc[i][j]), vget_high_f32(acc[i][j + 1])));
    }
}

} // namespace
