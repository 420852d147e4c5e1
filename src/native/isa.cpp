// All kernels, compiled once for each instruction set: the build script sets ISOFLOP_TABLE, ISOFLOP_NAME and the -m
// flags. They share one translation unit and one anonymous namespace, so no code of a wider instruction set leaks into
// the others.
#include "attention.cpp"
#include "elementwise.cpp"
#include "gemm.cpp"
#include "kept-attention.cpp"
#include "layer-norm.cpp"
#include "loss.cpp"
#include "next-token.cpp"
#include "optimizer.cpp"

namespace isoflop {

const Table* ISOFLOP_TABLE() {
  static const Table table = {
      ISOFLOP_NAME,
      product,
      fill,
      axpy,
      embedding,
      embedding_backward,
      layer_norm,
      layer_norm_backward,
      gelu_backward,
      attention,
      attention_backward,
      cached_attention,
      branch_attention,
      next_token,
      largest_of_rows,
      cross_entropy,
      sum_of_squares,
      adam_w,
      burn,
      12L * WIDTH * 2,
  };
  return &table;
}

} // namespace isoflop
