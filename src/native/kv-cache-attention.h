// Attention over keys and values that are kept: a text continued token by token, and texts that begin alike, side by
// side.
#pragma once
#include "attention.h"

namespace {

/** `count` keys and values, `stride` apart, become the tokens from `at` on. */
INLINE void append(const float* k, const float* v, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t at, const Packed& p) {
  pack_columns(v, stride, 0, count, p.size, p.values + at * NR, NR * p.capacity);
  ptrdiff_t done = 0;
  for (; done < count && (at + done) % NR != 0; done++) { // the rest of a panel that has begun
    const ptrdiff_t column = (at + done) % NR;
    float* panel = p.keys + (at + done - column) * p.size;
    for (ptrdiff_t f = 0; f < p.size; f++) panel[f * NR + column] = k[done * stride + f];
  }
  if (done < count) pack_keys(k + done * stride, stride, count - done, p.size, p.keys + (at + done) * p.size);
}

INLINE float dot(const float* a, const float* b, ptrdiff_t size) {
  vec total = {};
  each_register(size, [&](ptrdiff_t j, int lanes) { total += load_up_to(a + j, lanes) * load_up_to(b + j, lanes); });
  return sum(total);
}

/**
 * One query of one head against `seen` keys, each `width` floats after the one before; the values lie in the same way.
 * → out [size]
 */
INLINE void attend_cached(const float* q, const float* k, const float* v, ptrdiff_t seen, ptrdiff_t size,
                          ptrdiff_t width, float scale, float* scores, float* out) {
  float peak = 0;
  for (ptrdiff_t j = 0; j < seen; j++) {
    scores[j] = scale * dot(q, k + j * width, size);
    if (j == 0 || scores[j] > peak || scores[j] != scores[j]) peak = scores[j];
  }
  vec mass = {};
  each_register(seen, [&](ptrdiff_t j, int lanes) {
    const vec e = exponential(load_up_to(scores + j, lanes) - splat(peak));
    vec kept = {};
    memcpy(&kept, &e, static_cast<size_t>(lanes) * 4);
    mass += kept;
    store_up_to(scores + j, kept, lanes);
  });
  const float share = 1.0f / sum(mass);
  constexpr int SIDE = 4; // registers at once: one alone would wait for its own sum
  ptrdiff_t f = 0;
  for (; f + SIDE * WIDTH <= size; f += SIDE * WIDTH) {
    vec mixed[SIDE] = {};
    for (ptrdiff_t j = 0; j < seen; j++) {
      const vec score = splat(scores[j]);
#pragma GCC unroll 4
      for (int i = 0; i < SIDE; i++) mixed[i] += score * load(v + j * width + f + i * WIDTH);
    }
    for (int i = 0; i < SIDE; i++) store(out + f + i * WIDTH, mixed[i] * splat(share));
  }
  each_register(size - f, [&](ptrdiff_t at, int lanes) {
    vec mixed = {};
    for (ptrdiff_t j = 0; j < seen; j++) mixed += splat(scores[j]) * load_up_to(v + j * width + f + at, lanes);
    store_up_to(out + f + at, mixed * splat(share), lanes);
  });
}

/**
 * Few queries against many kept keys: [rows, capacity, width] caches holding `held` tokens; the new ones are appended
 * first.
 */
isoflop::Status cached_attention(isoflop::Context& context, const float* qkv, float* keys, float* values,
                                 ptrdiff_t held, ptrdiff_t capacity, float* out, const AttentionShape& s) {
  const ptrdiff_t size = s.width / s.heads, stride = 3 * s.width;
  if (!context.reserve(0, static_cast<size_t>(capacity + size))) return isoflop::OUT_OF_MEMORY;
  for (ptrdiff_t row = 0; row < s.rows; row++)
    for (ptrdiff_t t = 0; t < s.context; t++) {
      const float* from = qkv + (row * s.context + t) * stride;
      const ptrdiff_t to = (row * capacity + held + t) * s.width;
      memcpy(keys + to, from + s.width, static_cast<size_t>(s.width) * 4);
      memcpy(values + to, from + 2 * s.width, static_cast<size_t>(s.width) * 4);
    }
  const auto one = [&](ptrdiff_t i, int thread) {
    const ptrdiff_t row = i / s.heads, head = i % s.heads, from = row * capacity * s.width + head * size;
    for (ptrdiff_t t = 0; t < s.context; t++) {
      const ptrdiff_t at = row * s.context + t;
      attend_cached(qkv + at * stride + head * size, keys + from, values + from, held + t + 1, size, s.width, s.scale,
                    context.scratch.own[static_cast<size_t>(thread)], out + at * s.width + head * size);
    }
  };
  context.pool.each(s.rows * s.heads, one, s.rows * s.width * s.context * (held + s.context) < 65536);
  return isoflop::OK;
}

/**
 * Texts that begin alike, side by side: `segments` holds count and kind of each run of rows in turn. A prefix (kind 1)
 * goes on from the `held` tokens whose keys and values are given, a suffix (kind 0) from the prefix before it; no text
 * is longer than `longest`. One thread works through one head of all.
 */
isoflop::Status tree_attention(isoflop::Context& context, const float* qkv, const float* prefixKeys,
                               const float* prefixValues, ptrdiff_t held, const int32_t* segments, ptrdiff_t count,
                               ptrdiff_t longest, float* out, const AttentionShape& s) {
  const ptrdiff_t size = s.width / s.heads, stride = 3 * s.width;
  if (!context.reserve(0, static_cast<size_t>(packed_floats(longest, size)))) return isoflop::OUT_OF_MEMORY;
  context.pool.each(
      s.heads,
      [&](ptrdiff_t head, int thread) {
        const Packed p = packed_in(context.scratch.own[static_cast<size_t>(thread)], longest, size);
        if (held > 0) append(prefixKeys + head * size, prefixValues + head * size, s.width, held, 0, p);
        const float* q = qkv + head * size;
        float* to = out + head * size;
        ptrdiff_t base = held;
        for (ptrdiff_t i = 0; i < count; i++) {
          const ptrdiff_t rows = segments[2 * i];
          const bool isPrefix = segments[2 * i + 1] != 0;
          const ptrdiff_t at = isPrefix ? held : base;
          if (rows > 0) {
            append(q + s.width, q + 2 * s.width, stride, rows, at, p);
            attend(q, stride, rows, at, p, s.scale, to, s.width, nullptr, 0);
          }
          if (isPrefix) base = held + rows;
          q += rows * stride;
          to += rows * s.width;
        }
      },
      s.rows * longest * s.width < 200000);
  return isoflop::OK;
}

} // namespace
