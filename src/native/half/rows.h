// Layer norm from the fp32 stream to halves and back, and numbers from one kind to the other.
#pragma once
#include "../elementwise.h"
#include "../layer-norm.h"
#include "number.h"

namespace {

void widen_all(isoflop::Context& context, const half* from, float* to, ptrdiff_t count) {
  each_chunk(context, count, [&](ptrdiff_t first, ptrdiff_t end) {
    each_register(end - first, [&](ptrdiff_t j, int lanes) {
      store_up_to(to + first + j, load_wide(from + first + j, lanes), lanes);
    });
  });
}
void narrow_all(isoflop::Context& context, const float* from, half* to, ptrdiff_t count) {
  each_chunk(context, count, [&](ptrdiff_t first, ptrdiff_t end) {
    each_register(end - first, [&](ptrdiff_t j, int lanes) {
      store_narrow(to + first + j, load_up_to(from + first + j, lanes), lanes);
    });
  });
}

INLINE void half_norm_row(const float* row, const float* gain, const float* bias, float mean, float rstd, half* out,
                          ptrdiff_t width) {
  each_register(width, [&](ptrdiff_t j, int lanes) {
    const vec normal = (load_up_to(row + j, lanes) - splat(mean)) * splat(rstd);
    store_narrow(out + j, normal * load_up_to(gain + j, lanes) + load_up_to(bias + j, lanes), lanes);
  });
}
/** body(i) for each row, 64 at a time. */
template <class Body> INLINE void each_norm(isoflop::Context& context, ptrdiff_t n, ptrdiff_t width, Body body) {
  const ptrdiff_t chunk = n * width < 16384 ? n : 64;
  context.pool.each((n + chunk - 1) / chunk, [&](ptrdiff_t c, int) {
    for (ptrdiff_t i = c * chunk; i < n && i < (c + 1) * chunk; i++) body(i);
  });
}

void half_layer_norm(isoflop::Context& context, const float* x, const float* gain, const float* bias, half* out,
                     float* mean, float* rstd, ptrdiff_t n, ptrdiff_t width) {
  each_norm(context, n, width, [&](ptrdiff_t i) {
    const RowNorm norm = statistics_of(x + i * width, width);
    mean[i] = norm.mean;
    rstd[i] = norm.rstd;
    half_norm_row(x + i * width, gain, bias, norm.mean, norm.rstd, out + i * width, width);
  });
}
void half_layer_norm_again(isoflop::Context& context, const float* x, const float* gain, const float* bias,
                           const float* mean, const float* rstd, half* out, ptrdiff_t n, ptrdiff_t width) {
  each_norm(context, n, width,
            [&](ptrdiff_t i) { half_norm_row(x + i * width, gain, bias, mean[i], rstd[i], out + i * width, width); });
}

isoflop::Status half_layer_norm_backward(isoflop::Context& context, const half* dy, const float* x, const float* gain,
                                         const float* mean, const float* rstd, float* intoGain, float* intoBias,
                                         const float* residual, float* dx, ptrdiff_t n, ptrdiff_t width) {
  return norm_backward(
      context, [&](ptrdiff_t at, int lanes) { return load_wide(dy + at, lanes); }, x, gain, mean, rstd, intoGain,
      intoBias, residual, dx, n, width);
}

} // namespace
