// What touches each number once: fill, axpy, GELU's backward, and the embedding's lookup and scatter.
#include "kernels.h"
#include "math.h"

namespace {

constexpr long CHUNK = 16384; // floats handed to a thread at a time

/** body(from, to) over pieces of CHUNK floats; small arrays stay on the calling thread. */
template <class Body> INLINE void each_chunk(isoflop::Context& context, long count, Body body) {
  context.pool.each((count + CHUNK - 1) / CHUNK, [&](long c, int) {
    const long from = c * CHUNK;
    body(from, from + CHUNK < count ? from + CHUNK : count);
  });
}

void fill(isoflop::Context& context, float* into, float value, long count) {
  each_chunk(context, count, [&](long from, long to) {
    each_register(to - from, [&](long j, int lanes) { store_up_to(into + from + j, splat(value), lanes); });
  });
}

void axpy(isoflop::Context& context, float* into, float scale, const float* source, long count) {
  each_chunk(context, count, [&](long from, long to) {
    each_register(to - from, [&](long j, int lanes) {
      float* at = into + from + j;
      store_up_to(at, load_up_to(at, lanes) + splat(scale) * load_up_to(source + from + j, lanes), lanes);
    });
  });
}

template <bool EXACT> INLINE void gelu_slopes(const float* dy, const float* before, float* dx, long count) {
  each_register(count, [&](long j, int lanes) {
    fetch_soon(dy + j);
    fetch_soon(before + j);
    fetch_soon_to_write(dx + j);
    store_up_to(dx + j, load_up_to(dy + j, lanes) * gelu_of<EXACT>(load_up_to(before + j, lanes)).slope, lanes);
  });
}

void gelu_backward(isoflop::Context& context, const float* dy, const float* before, float* dx, long count,
                   isoflop::GeluForm form) {
  each_chunk(context, count, [&](long from, long to) {
    if (form == isoflop::GELU_EXACT)
      gelu_slopes<true>(dy + from, before + from, dx + from, to - from);
    else
      gelu_slopes<false>(dy + from, before + from, dx + from, to - from);
  });
}

void embedding(isoflop::Context& context, const int32_t* ids, const float* tokens, const float* positions, float* out,
               long n, long width, long T, long offset, float scale) {
  const long chunk = 128;
  context.pool.each((n + chunk - 1) / chunk, [&](long c, int) {
    for (long i = c * chunk; i < n && i < (c + 1) * chunk; i++) {
      const float *token = tokens + ids[i] * width, *position = positions + (offset + i % T) * width;
      each_register(width, [&](long j, int lanes) {
        store_up_to(out + i * width + j,
                    splat(scale) * (load_up_to(token + j, lanes) + load_up_to(position + j, lanes)), lanes);
      });
    }
  });
}

/** Each thread owns some columns, so equal ids never meet and every sum has one order. */
void embedding_backward(isoflop::Context& context, const float* dx, const int32_t* ids, float* intoTokens,
                        float* intoPositions, long n, long width, long T, float scale) {
  const long columns = n * width < 32768 ? width : 64;
  context.pool.each((width + columns - 1) / columns, [&](long c, int) {
    const long from = c * columns, count = from + columns < width ? columns : width - from;
    for (long i = 0; i < n; i++) {
      const float* slope = dx + i * width + from;
      float *token = intoTokens + ids[i] * width + from, *position = intoPositions + (i % T) * width + from;
      each_register(count, [&](long j, int lanes) {
        const vec d = splat(scale) * load_up_to(slope + j, lanes);
        store_up_to(token + j, load_up_to(token + j, lanes) + d, lanes);
        store_up_to(position + j, load_up_to(position + j, lanes) + d, lanes);
      });
    }
  });
}

} // namespace
