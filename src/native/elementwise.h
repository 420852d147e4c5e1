// What touches each number once: fill, axpy, GELU's backward, and the embedding's lookup and scatter.
#pragma once
#include "kernels.h"
#include "math.h"

namespace {

constexpr ptrdiff_t CHUNK = 16384; // floats handed to a thread at a time

/** body(from, to) over pieces of CHUNK floats; small arrays stay on the calling thread. */
template <class Body> INLINE void each_chunk(isoflop::Context& context, ptrdiff_t count, Body body) {
  context.pool.each((count + CHUNK - 1) / CHUNK, [&](ptrdiff_t c, int) {
    const ptrdiff_t from = c * CHUNK;
    body(from, from + CHUNK < count ? from + CHUNK : count);
  });
}

void fill(isoflop::Context& context, float* into, float value, ptrdiff_t count) {
  each_chunk(context, count, [&](ptrdiff_t from, ptrdiff_t to) {
    each_register(to - from, [&](ptrdiff_t j, int lanes) { store_up_to(into + from + j, splat(value), lanes); });
  });
}

void axpy(isoflop::Context& context, float* into, float scale, const float* source, ptrdiff_t count) {
  each_chunk(context, count, [&](ptrdiff_t from, ptrdiff_t to) {
    each_register(to - from, [&](ptrdiff_t j, int lanes) {
      float* at = into + from + j;
      store_up_to(at, load_up_to(at, lanes) + splat(scale) * load_up_to(source + from + j, lanes), lanes);
    });
  });
}

template <bool EXACT> INLINE void gelu_slopes(const float* dy, const float* before, float* dx, ptrdiff_t count) {
  each_register(count, [&](ptrdiff_t j, int lanes) {
    prefetch(dy + j);
    prefetch(before + j);
    prefetch_for_write(dx + j);
    store_up_to(dx + j, load_up_to(dy + j, lanes) * gelu_of<EXACT>(load_up_to(before + j, lanes)).slope, lanes);
  });
}

void gelu_backward(isoflop::Context& context, const float* dy, const float* before, float* dx, ptrdiff_t count,
                   isoflop::GeluForm form) {
  each_chunk(context, count, [&](ptrdiff_t from, ptrdiff_t to) {
    if (form == isoflop::GELU_EXACT)
      gelu_slopes<true>(dy + from, before + from, dx + from, to - from);
    else
      gelu_slopes<false>(dy + from, before + from, dx + from, to - from);
  });
}

constexpr ptrdiff_t ROWS = 128; // handed to a thread at a time

/** body(i) for each row; a few rows stay on the calling thread. */
template <class Body> INLINE void each_row(isoflop::Context& context, ptrdiff_t n, Body body) {
  context.pool.each((n + ROWS - 1) / ROWS, [&](ptrdiff_t c, int) {
    for (ptrdiff_t i = c * ROWS; i < n && i < (c + 1) * ROWS; i++) body(i);
  });
}

/** out[i] = scale · (tokens[ids[i]] + positions[places[i]]); without `places`, row i stands at place i mod T. */
void embedding(isoflop::Context& context, const int32_t* ids, const int32_t* places, const float* tokens,
               const float* positions, float* out, ptrdiff_t n, ptrdiff_t width, ptrdiff_t T, float scale) {
  each_row(context, n, [&](ptrdiff_t i) {
    const float *token = tokens + ids[i] * width, *position = positions + (places ? places[i] : i % T) * width;
    each_register(width, [&](ptrdiff_t j, int lanes) {
      store_up_to(out + i * width + j, splat(scale) * (load_up_to(token + j, lanes) + load_up_to(position + j, lanes)),
                  lanes);
    });
  });
}

void gather_rows(isoflop::Context& context, const float* x, const int32_t* rows, float* out, ptrdiff_t n,
                 ptrdiff_t width) {
  each_row(context, n, [&](ptrdiff_t i) {
    memcpy(out + i * width, x + rows[i] * width, static_cast<size_t>(width) * sizeof(float));
  });
}

/** Each thread owns some columns, so equal ids never meet and every sum has one order. */
void embedding_backward(isoflop::Context& context, const float* dx, const int32_t* ids, float* intoTokens,
                        float* intoPositions, ptrdiff_t n, ptrdiff_t width, ptrdiff_t T, float scale) {
  const ptrdiff_t columns = n * width < 32768 ? width : 64;
  context.pool.each((width + columns - 1) / columns, [&](ptrdiff_t c, int) {
    const ptrdiff_t from = c * columns, count = from + columns < width ? columns : width - from;
    for (ptrdiff_t i = 0; i < n; i++) {
      const float* slope = dx + i * width + from;
      float *token = intoTokens + ids[i] * width + from, *position = intoPositions + (i % T) * width + from;
      each_register(count, [&](ptrdiff_t j, int lanes) {
        const vec d = splat(scale) * load_up_to(slope + j, lanes);
        store_up_to(token + j, load_up_to(token + j, lanes) + d, lanes);
        store_up_to(position + j, load_up_to(position + j, lanes) + d, lanes);
      });
    }
  });
}

} // namespace
