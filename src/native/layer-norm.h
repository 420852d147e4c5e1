// Layer norm over the last axis, forward and backward, one pass over memory each.
#pragma once
#include "kernels.h"
#include "math.h"

namespace {

constexpr float NORM_EPSILON = 1e-5f;

struct RowNorm {
  float mean, rstd;
};

/** Of one row, which is fetched ahead. */
INLINE RowNorm statistics_of(const float* row, ptrdiff_t width) {
  vec total = {};
  each_register(width, [&](ptrdiff_t j, int lanes) {
    prefetch(row + j);
    total += load_up_to(row + j, lanes);
  });
  const float center = sum(total) / static_cast<float>(width);
  vec squares = {};
  each_register(width, [&](ptrdiff_t j, int lanes) {
    const vec d = lanes == WIDTH ? load(row + j) - splat(center) : load_part(row + j, lanes, center) - splat(center);
    squares += d * d;
  });
  return {center, 1.0f / __builtin_sqrtf(sum(squares) / static_cast<float>(width) + NORM_EPSILON)};
}

/** One row, normed and scaled. */
INLINE RowNorm norm_row(const float* row, const float* gain, const float* bias, float* out, ptrdiff_t width) {
  const RowNorm norm = statistics_of(row, width);
  each_register(width, [&](ptrdiff_t j, int lanes) {
    prefetch_for_write(out + j);
    const vec normal = (load_up_to(row + j, lanes) - splat(norm.mean)) * splat(norm.rstd);
    store_up_to(out + j, normal * load_up_to(gain + j, lanes) + load_up_to(bias + j, lanes), lanes);
  });
  return norm;
}

void layer_norm(isoflop::Context& context, const float* x, const float* gain, const float* bias, float* out,
                float* mean, float* rstd, ptrdiff_t n, ptrdiff_t width) {
  const ptrdiff_t chunk = n * width < 16384 ? n : 64;
  context.pool.each((n + chunk - 1) / chunk, [&](ptrdiff_t c, int) {
    for (ptrdiff_t i = c * chunk; i < n && i < (c + 1) * chunk; i++) {
      const RowNorm norm = norm_row(x + i * width, gain, bias, out + i * width, width);
      mean[i] = norm.mean;
      rstd[i] = norm.rstd;
    }
  });
}

/** Partial sums of the parameters' gradients: as many as this, whatever the thread count, and added up in order. */
constexpr ptrdiff_t PARTS = 16;

/** slopes(at, lanes) gives dy's numbers. */
template <class Slopes> INLINE isoflop::Status norm_backward(isoflop::Context& context, Slopes slopes, const float* x,
                                                             const float* gain, const float* mean, const float* rstd,
                                                             float* intoGain, float* intoBias, const float* residual,
                                                             float* dx, ptrdiff_t n, ptrdiff_t width) {
  const ptrdiff_t chunk = (n + PARTS - 1) / PARTS, parts = (n + chunk - 1) / chunk;
  if (!context.reserve(static_cast<size_t>(2 * PARTS * width), 0)) return isoflop::OUT_OF_MEMORY;
  float* partial = context.scratch.shared; // [parts, 2, width]
  context.pool.each(parts, [&](ptrdiff_t c, int) {
    float *dgain = partial + c * 2 * width, *dbias = dgain + width;
    memset(dgain, 0, static_cast<size_t>(2 * width) * 4);
    for (ptrdiff_t i = c * chunk; i < n && i < (c + 1) * chunk; i++) {
      const float* row = x + i * width;
      const vec center = splat(mean[i]), scale = splat(rstd[i]);
      vec plain = {}, weighted = {}; // Σ dy·gain and Σ dy·gain·normal
      each_register(width, [&](ptrdiff_t j, int lanes) {
        prefetch(row + j);
        if (residual) prefetch(residual + i * width + j);
        prefetch_for_write(dx + i * width + j);
        const vec d = slopes(i * width + j, lanes);
        const vec normal = (load_up_to(row + j, lanes) - center) * scale;
        const vec g = d * load_up_to(gain + j, lanes);
        plain += g;
        weighted += g * normal;
        store_up_to(dgain + j, load_up_to(dgain + j, lanes) + d * normal, lanes);
        store_up_to(dbias + j, load_up_to(dbias + j, lanes) + d, lanes);
      });
      const vec offset = splat(sum(plain) / static_cast<float>(width)),
                tilt = splat(sum(weighted) / static_cast<float>(width));
      each_register(width, [&](ptrdiff_t j, int lanes) {
        const vec normal = (load_up_to(row + j, lanes) - center) * scale;
        vec d = scale * (slopes(i * width + j, lanes) * load_up_to(gain + j, lanes) - offset - normal * tilt);
        if (residual) d += load_up_to(residual + i * width + j, lanes);
        store_up_to(dx + i * width + j, d, lanes);
      });
    }
  });
  for (ptrdiff_t c = 0; c < parts; c++)
    each_register(width, [&](ptrdiff_t j, int lanes) {
      const float* dgain = partial + c * 2 * width;
      store_up_to(intoGain + j, load_up_to(intoGain + j, lanes) + load_up_to(dgain + j, lanes), lanes);
      store_up_to(intoBias + j, load_up_to(intoBias + j, lanes) + load_up_to(dgain + width + j, lanes), lanes);
    });
  return isoflop::OK;
}

isoflop::Status layer_norm_backward(isoflop::Context& context, const float* dy, const float* x, const float* gain,
                                    const float* mean, const float* rstd, float* intoGain, float* intoBias,
                                    const float* residual, float* dx, ptrdiff_t n, ptrdiff_t width) {
  const auto slopes = [&](ptrdiff_t at, int lanes) __attribute__((always_inline)) {
    prefetch(dy + at);
    return load_up_to(dy + at, lanes);
  };
  return norm_backward(context, slopes, x, gain, mean, rstd, intoGain, intoBias, residual, dx, n, width);
}

} // namespace
