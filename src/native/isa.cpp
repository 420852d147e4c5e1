// The kernels as one translation unit for each instruction set: the build script sets ISOFLOP_TABLE, ISOFLOP_NAME and
// the -m flags. All of them lie in headers and in an anonymous namespace, so no code of a wider instruction set gets
// into the others.
#include "attention.h"
#include "elementwise.h"
#include "gemm.h"
#include "kv-cache-attention.h"
#include "layer-norm.h"
#include "loss.h"
#include "next-token.h"
#include "optimizer.h"

namespace isoflop {

const Table* ISOFLOP_TABLE() {
  static const Table table = {
      ISOFLOP_NAME,
      product,
      fill,
      axpy,
      embedding,
      gather_rows,
      embedding_backward,
      layer_norm,
      layer_norm_backward,
      gelu_backward,
      attention,
      attention_backward,
      cached_attention,
      tree_attention,
      next_token,
      argmax_of_rows,
      cross_entropy,
      sum_of_squares,
      adam_w,
      multiply_adds,
      12 * WIDTH * 2,
  };
  return &table;
}

} // namespace isoflop
