// The linear layers of a block in bf16, with what follows them done to each tile while it is in the first cache.
#pragma once
#include "../elementwise.h"
#include "half.h"
#include "product.h"

namespace {

using isoflop::Status;

/** body(row, at, lanes, sums) for each register of a tile: `at` is where it stands in a matrix of `ld` columns. */
template <class Body> INLINE void each_sum(ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns,
                                           ptrdiff_t ld, const float* sums, Body body) {
  for (ptrdiff_t i = 0; i < rows; i++)
    each_register(columns, [&](ptrdiff_t j, int lanes) {
      body(column + j, (row + i) * ld + column + j, lanes, load(sums + i * NR + j));
    });
}

INLINE size_t floats_of(ptrdiff_t pairs) { return static_cast<size_t>(pairs); }
INLINE pair* shared_pairs(Context& context) { return reinterpret_cast<pair*>(context.scratch.shared); }

template <bool EXACT> INLINE void linear_gelu(Context& context, const isoflop::HalfLinear& g, const pair* packed) {
  const auto fetch = [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    fetch_tile(g.halves, 2, g.outer, row, rows, column);
    fetch_tile(g.after, 2, g.outer, row, rows, column);
  };
  multiply(context, g.n, g.outer, g.inner, matrix_of(g.x, g.inner), packed, fetch,
           [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
             each_sum(row, rows, column, columns, g.outer, sums, [&](ptrdiff_t j, ptrdiff_t at, int lanes, vec sum) {
               const halves before = narrow(sum + load_up_to(g.bias + j, lanes));
               store_halves_up_to(g.halves + at, before, lanes);
               store_narrow(g.after + at, gelu_of<EXACT>(widen(before)).value, lanes);
             });
           });
}

Status half_linear(Context& context, const isoflop::HalfLinear& g) {
  if (!context.reserve(floats_of(packed_pairs(g.outer, g.inner)),
                       static_cast<size_t>(multiply_floats(g.outer, g.inner))))
    return isoflop::OUT_OF_MEMORY;
  pair* packed = shared_pairs(context);
  pack_right(context, matrix_of(g.weight, g.outer), g.outer, g.inner, packed, nullptr);
  if (g.gelu == isoflop::GELU_EXACT) {
    linear_gelu<true>(context, g, packed);
    return isoflop::OK;
  }
  if (g.gelu == isoflop::GELU_TANH) {
    linear_gelu<false>(context, g, packed);
    return isoflop::OK;
  }
  const auto fetch = [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    if (g.halves) return fetch_tile(g.halves, 2, g.outer, row, rows, column);
    fetch_tile(g.floats, 4, g.outer, row, rows, column);
    fetch_tile(g.residual, 4, g.outer, row, rows, column);
  };
  multiply(context, g.n, g.outer, g.inner, matrix_of(g.x, g.inner), packed, fetch,
           [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
             each_sum(row, rows, column, columns, g.outer, sums, [&](ptrdiff_t j, ptrdiff_t at, int lanes, vec sum) {
               const vec y = sum + load_up_to(g.bias + j, lanes);
               if (g.halves)
                 store_narrow(g.halves + at, y, lanes);
               else
                 store_up_to(g.floats + at, y + load_up_to(g.residual + at, lanes), lanes);
             });
           });
  return isoflop::OK;
}

/** dx = dy · Wᵀ ⊙ gelu'(before); and after = gelu(before), which the gradient of the weights wants. */
template <bool EXACT> INLINE void times_gelu_slope(Context& context, const isoflop::HalfLinearBackward& g,
                                                   const Matrix& dy, const pair* packed, half* after) {
  const auto fetch = [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    fetch_tile(g.before, 2, g.inner, row, rows, column);
    fetch_tile(g.dx, 2, g.inner, row, rows, column);
    fetch_tile(after, 2, g.inner, row, rows, column);
  };
  multiply(context, g.n, g.inner, g.outer, dy, packed, fetch,
           [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
             each_sum(row, rows, column, columns, g.inner, sums, [&](ptrdiff_t, ptrdiff_t at, int lanes, vec sum) {
               const Gelu gelu = gelu_of<EXACT>(load_wide(g.before + at, lanes));
               store_narrow(g.dx + at, sum * gelu.slope, lanes);
               store_narrow(after + at, gelu.value, lanes);
             });
           });
}

Status half_linear_backward(Context& context, const isoflop::HalfLinearBackward& g) {
  const ptrdiff_t weights = packed_pairs(g.inner, g.outer), sums = gradient_pairs(g.inner, g.outer, g.n);
  const ptrdiff_t made = g.before ? pieces(pairs_of(g.n * g.inner), LINE) * LINE : 0;
  if (!context.reserve(floats_of(made + at_least(weights, sums)),
                       static_cast<size_t>(multiply_floats(g.inner, g.outer))))
    return isoflop::OUT_OF_MEMORY;
  half* after = reinterpret_cast<half*>(context.scratch.shared);
  pair* packed = shared_pairs(context) + made;
  const Matrix dy = {g.dy.halves, g.dy.floats, g.outer};
  pack_right_transposed(context, matrix_of(g.weight, g.outer), g.inner, g.outer, packed);
  if (g.before && g.gelu == isoflop::GELU_EXACT)
    times_gelu_slope<true>(context, g, dy, packed, after);
  else if (g.before)
    times_gelu_slope<false>(context, g, dy, packed, after);
  else
    multiply(
        context, g.n, g.inner, g.outer, dy, packed,
        [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) { fetch_tile(g.dx, 2, g.inner, row, rows, column); },
        [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
          each_sum(row, rows, column, columns, g.inner, sums,
                   [&](ptrdiff_t, ptrdiff_t at, int lanes, vec sum) { store_narrow(g.dx + at, sum, lanes); });
        });
  add_gradient(context, g.inner, g.outer, g.n, matrix_of(g.before ? after : g.x, g.inner), dy, g.intoWeight, 1.0f,
               g.intoBias, packed);
  return isoflop::OK;
}

Status half_product(Context& context, const isoflop::HalfProduct& g) {
  const ptrdiff_t pairs = g.aTransposed ? gradient_pairs(g.m, g.n, g.k) : packed_pairs(g.n, g.k);
  if (!context.reserve(floats_of(pairs), static_cast<size_t>(multiply_floats(g.n, g.k)))) return isoflop::OUT_OF_MEMORY;
  pair* packed = shared_pairs(context);
  if (g.aTransposed) {
    add_gradient(context, g.m, g.n, g.k, matrix_of(g.a, g.m), matrix_of(g.b, g.n), g.sums, 1.0f, nullptr, packed);
    return isoflop::OK;
  }
  if (g.bTransposed)
    pack_right_transposed(context, matrix_of(g.b, g.k), g.n, g.k, packed);
  else
    pack_right(context, matrix_of(g.b, g.n), g.n, g.k, packed, nullptr);
  const auto fetch = [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column) {
    fetch_tile(g.c, 2, g.n, row, rows, column);
  };
  multiply(context, g.m, g.n, g.k, matrix_of(g.a, g.k), packed, fetch,
           [&](ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, const float* sums) {
             each_sum(row, rows, column, columns, g.n, sums,
                      [&](ptrdiff_t, ptrdiff_t at, int lanes, vec sum) { store_narrow(g.c + at, sum, lanes); });
           });
  return isoflop::OK;
}

} // namespace
