// The gradients of attention in bf16: scores and their slopes are made again, block by block, and rounded before they
// are multiplied; the gradients of a head are summed in fp32.
#pragma once
#include "attention.h"

namespace {

struct HalfGradients {
  half *q, *k, *v; // rows of stride 3 width
};

INLINE ptrdiff_t half_backward_floats(ptrdiff_t context, ptrdiff_t size) {
  const ptrdiff_t wide = round_up(size, NR);
  return 2 * keys_pairs(context, size) + features_pairs(context, size) + 2 * context * wide +
         QUERIES * (3 * LDP + 3 * LDS + wide) + 2 * features_pairs(QUERIES, size) + 16 * LINE;
}

void half_attention_head_backward(const HalfHeadRows& h, float scale, const half* dy, const half* out, ptrdiff_t ldout,
                                  const float* logSumExp, ptrdiff_t ldlse, const HalfGradients& d, float* buffer) {
  const ptrdiff_t wide = round_up(h.size, NR), T = h.context;
  Carver carver = {buffer};
  pair *keys = carver.pairs(keys_pairs(T, h.size)), *values = carver.pairs(keys_pairs(T, h.size));
  pair* keyFeatures = carver.pairs(features_pairs(T, h.size));
  float *dk = carver.floats(T * wide), *dv = carver.floats(T * wide), *dq = carver.floats(QUERIES * wide);
  pair *left = carver.pairs(QUERIES * LDP), *leftDy = carver.pairs(QUERIES * LDP);
  pair *queryFeatures = carver.pairs(features_pairs(QUERIES, h.size)),
       *dyFeatures = carver.pairs(features_pairs(QUERIES, h.size));
  float *scores = carver.floats(QUERIES * LDS), *slopes = carver.floats(QUERIES * LDS);
  pair* slopeRows = carver.pairs(QUERIES * LDP);
  pair *weightPairs = carver.pairs(QUERIES / 2 * LDS), *slopePairs = carver.pairs(QUERIES / 2 * LDS);
  pack_half_keys(h.k, h, keys);
  pack_half_keys(h.v, h, values);
  pack_half_features(h.k, h.stride, T, h.size, keyFeatures);
  memset(dk, 0, static_cast<size_t>(T * wide) * 4);
  memset(dv, 0, static_cast<size_t>(T * wide) * 4);
  float overlap[QUERIES]; // Σ dO · O, what the softmax takes away from every dP
  for (ptrdiff_t query = 0; query < T; query += QUERIES) {
    const ptrdiff_t rows = at_most(QUERIES, T - query);
    copy_half_rows(h.q + query * h.stride, h.stride, rows, h.size, left);
    copy_half_rows(dy + query * ldout, ldout, rows, h.size, leftDy);
    pack_half_features(h.q + query * h.stride, h.stride, rows, h.size, queryFeatures);
    pack_half_features(dy + query * ldout, ldout, rows, h.size, dyFeatures);
    memset(dq, 0, static_cast<size_t>(rows * wide) * 4);
    for (ptrdiff_t r = 0; r < rows; r++) {
      const ptrdiff_t at = (query + r) * ldout;
      vec both = {};
      each_register(h.size, [&](ptrdiff_t j, int lanes) {
        both += load_wide(dy + at + j, lanes) * load_wide(out + at + j, lanes);
      });
      overlap[r] = sum(both);
    }
    for (ptrdiff_t first = 0; first < query + rows; first += BK) {
      const Block b = {query, rows, first, at_most(BK, query + rows - first)};
      half_scores(left, keys, h.size, b, scores);
      half_scores(leftDy, values, h.size, b, slopes);
      for (ptrdiff_t r = 0; r < rows; r += 2) {
        const bool isPair = r + 1 < rows;
        const ptrdiff_t other = isPair ? r + 1 : r,
                        reach = at_most(b.keys, b.reach(r) + MR); // as far as any panel of keys reads
        half *row = reinterpret_cast<half*>(slopeRows + r * LDP), *next = row + (isPair ? 2 * LDP : 0);
        const auto of = [&](ptrdiff_t i, ptrdiff_t j, vec & weight, vec & slope) __attribute__((always_inline)) {
          const ptrdiff_t seen = b.seen(i) - j;
          const vec e = exponential(splat(scale) * load(scores + i * LDS + j) - splat(logSumExp[(query + i) * ldlse]));
          weight = first_lanes(e, seen, vec{});
          slope = first_lanes(e * (load(slopes + i * LDS + j) - splat(overlap[i])), seen, vec{});
        };
        for (ptrdiff_t j = 0; j < reach; j += WIDTH) {
          vec weight, slope, weightAfter = {}, slopeAfter = {};
          of(r, j, weight, slope);
          if (isPair) of(other, j, weightAfter, slopeAfter);
          const halves w = narrow(weight), wAfter = narrow(weightAfter), s = narrow(slope), sAfter = narrow(slopeAfter);
          store_pairs(weightPairs + r / 2 * LDS + j, paired(w, wAfter));
          store_pairs(slopePairs + r / 2 * LDS + j, paired(s, sAfter));
          if (isPair) store_halves(next + j, sAfter);
          store_halves(row + j, s);
        }
      }
      half_mix(slopeRows, keyFeatures, wide, T, b, dq);
      half_gather(weightPairs, dyFeatures, wide, b, dv + first * wide);
      half_gather(slopePairs, queryFeatures, wide, b, dk + first * wide);
    }
    for (ptrdiff_t r = 0; r < rows; r++)
      each_register(h.size, [&](ptrdiff_t j, int lanes) {
        store_narrow(d.q + (query + r) * h.stride + j, splat(scale) * load(dq + r * wide + j), lanes);
      });
  }
  for (ptrdiff_t i = 0; i < T; i++)
    each_register(h.size, [&](ptrdiff_t j, int lanes) {
      store_narrow(d.k + i * h.stride + j, splat(scale) * load(dk + i * wide + j), lanes);
      store_narrow(d.v + i * h.stride + j, load(dv + i * wide + j), lanes);
    });
}

isoflop::Status half_attention_backward(isoflop::Context& context, const half* dy, const half* qkv, const half* out,
                                        const float* logSumExp, half* dqkv, const AttentionShape& s) {
  const ptrdiff_t size = s.width / s.heads, stride = 3 * s.width;
  if (!context.reserve(0, static_cast<size_t>(half_backward_floats(s.context, size)))) return isoflop::OUT_OF_MEMORY;
  context.pool.each(
      s.rows * s.heads,
      [&](ptrdiff_t i, int thread) {
        const ptrdiff_t row = i / s.heads, head = i % s.heads;
        const ptrdiff_t at = row * s.context * stride + head * size, outAt = row * s.context * s.width + head * size;
        const HalfHeadRows h = {qkv + at, qkv + at + s.width, qkv + at + 2 * s.width, stride, size, s.context};
        const HalfGradients d = {dqkv + at, dqkv + at + s.width, dqkv + at + 2 * s.width};
        half_attention_head_backward(h, s.scale, dy + outAt, out + outAt, s.width,
                                     logSumExp + row * s.context * s.heads + head, s.heads, d,
                                     context.scratch.own[static_cast<size_t>(thread)]);
      },
      is_small(s));
  return isoflop::OK;
}

} // namespace
