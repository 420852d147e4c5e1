// Softmax cross-entropy a row at a time: the loss and, in the same visit, the gradient over the logits. No one-hot
// anywhere.
#pragma once
#include "kernels.h"
#include "math.h"

namespace {

void cross_entropy(isoflop::Context& context, float* logits, const int32_t* targets, float* losses, ptrdiff_t n,
                   ptrdiff_t vocabulary, bool overwrites, float gradientScale) {
  const ptrdiff_t chunk = n * vocabulary < 16384 ? n : 16;
  context.pool.each((n + chunk - 1) / chunk, [&](ptrdiff_t c, int) {
    for (ptrdiff_t i = c * chunk; i < n && i < (c + 1) * chunk; i++) {
      float* row = logits + i * vocabulary;
      if (targets[i] < 0) {
        losses[i] = 0;
        if (overwrites) memset(row, 0, static_cast<size_t>(vocabulary) * 4);
        continue;
      }
      vec high = splat(row[0]);
      each_register(vocabulary, [&](ptrdiff_t j, int lanes) {
        prefetch_for_write(row + j);
        high = greatest(lanes == WIDTH ? load(row + j) : load_part(row + j, lanes, row[0]), high);
      });
      const float peak = largest(high), aim = row[targets[i]];
      vec mass = {};
      each_register(vocabulary, [&](ptrdiff_t j, int lanes) {
        const vec e = exponential(load_up_to(row + j, lanes) - splat(peak));
        vec kept = e;
        if (lanes < WIDTH) {
          kept = vec{};
          memcpy(&kept, &e, static_cast<size_t>(lanes) * 4);
        }
        mass += kept;
        if (overwrites) store_up_to(row + j, e, lanes);
      });
      const float total = sum(mass);
      losses[i] = logf(total) - (aim - peak);
      if (!overwrites) continue;
      const vec share = splat(gradientScale / total);
      each_register(vocabulary,
                    [&](ptrdiff_t j, int lanes) { store_up_to(row + j, share * load_up_to(row + j, lanes), lanes); });
      row[targets[i]] -= gradientScale;
    }
  });
}

/** The index of the largest of each row, the first of equals. */
void argmax_of_rows(isoflop::Context& context, const float* rows, int32_t* at, ptrdiff_t n, ptrdiff_t width) {
  const ptrdiff_t chunk = n * width < 65536 ? n : 16;
  context.pool.each((n + chunk - 1) / chunk, [&](ptrdiff_t c, int) {
    for (ptrdiff_t i = c * chunk; i < n && i < (c + 1) * chunk; i++) {
      const float* row = rows + i * width;
      vec high = splat(row[0]);
      each_register(width, [&](ptrdiff_t j, int lanes) {
        high = greatest(lanes == WIDTH ? load(row + j) : load_part(row + j, lanes, row[0]), high);
      });
      const float peak = largest(high);
      ptrdiff_t j = 0;
      while (j < width - 1 && row[j] != peak) j++;
      at[i] = static_cast<int32_t>(j);
    }
  });
}

} // namespace
