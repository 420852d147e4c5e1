// The tied head in bf16, with the loss: some rows' logits at a time, so that all of them never lie in memory together.
#pragma once
#include "../loss.h"
#include "linear.h"

namespace {

constexpr ptrdiff_t LOGITS_AT_ONCE = 1 << 21; // 8 MiB of them
constexpr ptrdiff_t TOKENS_AT_ONCE = 2048;    // of the sum over a vocabulary

/** Tokens [V, d] as a right operand, in pieces of TOKENS_AT_ONCE; calls body(first, count, packed) for each. */
template <class Body> INLINE void each_piece_of(const isoflop::HalfHead& g, pair* packed, Body body) {
  for (ptrdiff_t first = 0; first < g.vocabulary; first += TOKENS_AT_ONCE) {
    const ptrdiff_t count = at_most(TOKENS_AT_ONCE, g.vocabulary - first);
    body(first, count, packed);
    packed += packed_pairs(g.width, count);
  }
}

/** dx [m, width] = scale · slopes · tokens. */
INLINE void half_head_backward(Context& context, const isoflop::HalfHead& g, const float* slopes, ptrdiff_t m,
                               pair* packed, float* dx) {
  const auto fetch = [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    fetch_tile(dx, 4, g.width, row, rows, column);
  };
  each_piece_of(g, packed, [&](ptrdiff_t first, ptrdiff_t tokens, pair* piece) {
    multiply(context, m, g.width, tokens, matrix_of(slopes + first, g.vocabulary), piece, fetch,
             [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
               each_sum(row, rows, column, columns, g.width, sums, [&](ptrdiff_t, ptrdiff_t at, int lanes, vec sum) {
                 const vec before = first ? load_up_to(dx + at, lanes) : vec{};
                 store_up_to(dx + at, before + splat(g.scale) * sum, lanes);
               });
             });
  });
}

/** logits [m, vocabulary] = scale · x · tokensᵀ. */
INLINE void half_logits(Context& context, const isoflop::HalfHead& g, const half* x, ptrdiff_t m, const pair* packed,
                        float* logits) {
  const auto fetch = [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    fetch_tile(logits, 4, g.vocabulary, row, rows, column);
  };
  multiply(context, m, g.vocabulary, g.width, matrix_of(x, g.width), packed, fetch,
           [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
             each_sum(row, rows, column, columns, g.vocabulary, sums, [&](ptrdiff_t, ptrdiff_t at, int lanes, vec sum) {
               store_up_to(logits + at, splat(g.scale) * sum, lanes);
             });
           });
}

Status half_head(Context& context, const isoflop::HalfHead& g, float* logits) {
  if (!context.reserve(floats_of(packed_pairs(g.vocabulary, g.width)),
                       static_cast<size_t>(multiply_floats(g.vocabulary, g.width))))
    return isoflop::OUT_OF_MEMORY;
  pair* packed = shared_pairs(context);
  pack_right_transposed(context, matrix_of(g.tokens, g.width), g.vocabulary, g.width, packed);
  half_logits(context, g, g.x, g.n, packed, logits);
  return isoflop::OK;
}

Status half_head_loss(Context& context, const isoflop::HalfHead& g) {
  const bool trains = g.intoTokens != nullptr;
  const ptrdiff_t V = g.vocabulary, d = g.width;
  const ptrdiff_t most = at_most(g.n, at_least(4 * ROWS_AT_ONCE, pieces(LOGITS_AT_ONCE / V, 2) * 2));
  const ptrdiff_t forward = packed_pairs(V, d), backward = trains ? packed_pairs(d, V + pieces(V, TOKENS_AT_ONCE)) : 0;
  const ptrdiff_t gradients = trains ? gradient_pairs(V, d, most) : 0;
  if (!context.reserve(
          floats_of(forward + backward + gradients + most * V + LINE),
          static_cast<size_t>(at_least(multiply_floats(V, d), multiply_floats(d, at_most(V, TOKENS_AT_ONCE))))))
    return isoflop::OUT_OF_MEMORY;
  pair *packed = shared_pairs(context), *packedBack = packed + forward, *scratch = packedBack + backward;
  float* logits = reinterpret_cast<float*>(scratch + pieces(gradients, LINE) * LINE);
  pack_right_transposed(context, matrix_of(g.tokens, d), V, d, packed);
  if (trains)
    each_piece_of(g, packedBack, [&](ptrdiff_t token, ptrdiff_t count, pair* piece) {
      pack_right(context, matrix_of(g.tokens + token * d, d), d, count, piece, nullptr);
    });
  for (ptrdiff_t first = 0; first < g.n; first += most) {
    const ptrdiff_t rows = at_most(most, g.n - first);
    const half* x = g.x + first * d;
    half_logits(context, g, x, rows, packed, logits);
    cross_entropy(context, logits, g.targets + first, g.losses + first, rows, V, trains, g.gradientScale);
    if (!trains) continue;
    half_head_backward(context, g, logits, rows, packedBack, g.dx + first * d);
    add_gradient(context, V, d, rows, matrix_of(logits, V), matrix_of(x, d), g.intoTokens, g.scale, nullptr, scratch);
  }
  return isoflop::OK;
}

} // namespace
