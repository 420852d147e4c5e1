// The global gradient norm and AdamW, each one sweep over all parameters, cut into pieces that do not depend on the
// thread count.
#pragma once
#include "kernels.h"
#include "math.h"

namespace {

using isoflop::AdamSettings;
using isoflop::ParameterSpan;

constexpr ptrdiff_t PIECE = 8192; // floats

/** Piece number `i` of all parameters laid end to end, each starting a new piece. */
struct Piece {
  const ParameterSpan* parameter;
  ptrdiff_t from, count;
};
INLINE Piece piece_of(const ParameterSpan* parameters, const ptrdiff_t* starts, ptrdiff_t count, ptrdiff_t i) {
  ptrdiff_t low = 0, high = count; // the last parameter that starts at or before i
  while (high - low > 1) {
    const ptrdiff_t middle = (low + high) / 2;
    if (starts[middle] <= i)
      low = middle;
    else
      high = middle;
  }
  const ptrdiff_t from = (i - starts[low]) * PIECE, left = parameters[low].count - from;
  return {parameters + low, from, left < PIECE ? left : PIECE};
}
/** First piece of each parameter; returns how many there are in all. */
INLINE ptrdiff_t cut(const ParameterSpan* parameters, ptrdiff_t count, std::vector<ptrdiff_t>& starts) {
  ptrdiff_t pieces = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    starts.push_back(pieces);
    pieces += (parameters[i].count + PIECE - 1) / PIECE;
  }
  return pieces;
}

double sum_of_squares(isoflop::Context& context, const ParameterSpan* parameters, ptrdiff_t count) {
  std::vector<ptrdiff_t> starts;
  const ptrdiff_t pieces = cut(parameters, count, starts);
  std::vector<double> sums(static_cast<size_t>(pieces), 0.0);
  context.pool.each(pieces, [&](ptrdiff_t i, int) {
    const Piece p = piece_of(parameters, starts.data(), count, i);
    double total = 0;
    for (ptrdiff_t from = 0; from < p.count; from += 1024) { // a thousand squares in fp32, their sums in double
      const float* g = p.parameter->gradient + p.from + from;
      vec squares = {};
      each_register(p.count - from < 1024 ? p.count - from : 1024, [&](ptrdiff_t j, int lanes) {
        const vec x = load_up_to(g + j, lanes);
        squares += x * x;
      });
      total += static_cast<double>(sum(squares));
    }
    sums[static_cast<size_t>(i)] = total;
  });
  double total = 0;
  for (double s : sums) total += s;
  return total;
}

void adam_w(isoflop::Context& context, const ParameterSpan* parameters, ptrdiff_t count, const AdamSettings& s) {
  std::vector<ptrdiff_t> starts;
  const ptrdiff_t pieces = cut(parameters, count, starts);
  context.pool.each(pieces, [&](ptrdiff_t i, int) {
    const Piece p = piece_of(parameters, starts.data(), count, i);
    const float rate = s.learningRate * p.parameter->learningRateScale;
    const vec keep = splat(p.parameter->decays ? 1.0f - rate * s.weightDecay : 1.0f);
    const vec step = splat(rate / s.correction1), root = splat(1.0f / __builtin_sqrtf(s.correction2));
    const vec beta1 = splat(s.beta1), beta2 = splat(s.beta2), rest1 = splat(1.0f - s.beta1),
              rest2 = splat(1.0f - s.beta2);
    float *value = p.parameter->value + p.from, *gradient = p.parameter->gradient + p.from;
    float *first = p.parameter->first + p.from, *second = p.parameter->second + p.from;
    each_register(p.count, [&](ptrdiff_t j, int lanes) {
      const vec g = splat(s.gradientScale) * load_up_to(gradient + j, lanes);
      const vec m = beta1 * load_up_to(first + j, lanes) + rest1 * g;
      const vec v = beta2 * load_up_to(second + j, lanes) + rest2 * g * g;
      const vec w = keep * load_up_to(value + j, lanes) - step * m / (square_root(v) * root + splat(s.epsilon));
      store_up_to(first + j, m, lanes);
      store_up_to(second + j, v, lanes);
      store_up_to(value + j, w, lanes);
      store_up_to(gradient + j, vec{}, lanes);
    });
  });
}

/** Multiply-adds on registers alone: twelve chains of them hide each other's latency. */
float multiply_adds(isoflop::Context& context, ptrdiff_t rounds) {
  std::vector<float> results(static_cast<size_t>(context.pool.size()));
  auto region = [&](int thread) {
    vec chain[12];
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) chain[i] = splat(static_cast<float>(i + thread));
    vec by = splat(0.999f), plus = splat(1e-3f);
    for (ptrdiff_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
      for (int i = 0; i < 12; i++) chain[i] = chain[i] * by + plus;
    }
    vec all = {};
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) all += chain[i];
    results[static_cast<size_t>(thread)] = sum(all);
  };
  context.pool.run(region, isoflop::Pool::Team::everyone);
  float total = 0;
  for (float r : results) total += r;
  return total;
}

} // namespace
