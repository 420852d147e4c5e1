// The kernels of precision bf16 as one translation unit for each instruction set, as in isa.cpp.
#include "half/attention-backward.h"
#include "half/attention.h"
#include "half/head.h"
#include "half/linear.h"
#include "half/rows.h"

namespace isoflop {

const HalfTable* ISOFLOP_TABLE() {
  static const HalfTable table = {
      ISOFLOP_NAME,
      widen_all,
      narrow_all,
      half_layer_norm,
      half_layer_norm_again,
      half_layer_norm_backward,
      half_linear,
      half_linear_backward,
      half_attention,
      half_attention_backward,
      half_head,
      half_head_loss,
      half_product,
  };
  return &table;
}

} // namespace isoflop
