// Cross entropy and the most likely token, a workgroup a row.
import { defineKernel, joinOver, kernelFamily, spreadIndex } from '../kernel.ts'

const threads = 256
const greatest = joinOver('greatest', threads, { join: (a, b) => `max(${a}, ${b})` })
const total = joinOver('total', threads)
const eachRow = `let row = ${spreadIndex}; if (row >= p.rows) { return; } let start = row * p.stride;`

/**
 * Losses of rows of `width` logits that lie `stride` apart; with a gradient, the logits become scale · (softmax −
 * one-hot), zero between width and stride.
 */
export const crossEntropy = kernelFamily((hasGradient: boolean) =>
  defineKernel({
    name: 'cross entropy',
    params: { rows: 'u32', width: 'u32', stride: 'u32', scale: 'f32' },
    buffers: { losses: 'write f32', logits: hasGradient ? 'write f32' : 'read f32', targets: 'read u32' },
    threads,
    before: greatest + total,
    body: `${eachRow}
  let target_id = bitcast<i32>(targets[row]);
  var top = -3.4e38;
  for (var i = t; i < p.width; i += ${threads}u) { top = max(top, logits[start + i]); }
  let most = greatest(top, t);
  var sum = 0.0;
  for (var i = t; i < p.width; i += ${threads}u) { sum += exp(logits[start + i] - most); }
  let all = total(sum, t);
  if (t == 0u) {
    if (target_id < 0) { losses[row] = 0.0; }
    else { losses[row] = log(all) - (logits[start + u32(target_id)] - most); }
  }
  ${
    hasGradient
      ? `workgroupBarrier();
  storageBarrier();
  let scale = select(p.scale, 0.0, target_id < 0);
  for (var i = t; i < p.stride; i += ${threads}u) {
    var slope = 0.0;
    if (i < p.width) { slope = scale * (exp(logits[start + i] - most) / all - select(0.0, 1.0, i32(i) == target_id)); }
    logits[start + i] = slope;
  }`
      : ''
  }`,
  }),
)

/** The index of the greatest of each row, the first of equals. */
export const argmax = defineKernel({
  name: 'argmax',
  params: { rows: 'u32', width: 'u32', stride: 'u32' },
  buffers: { out: 'write u32', x: 'read f32' },
  threads,
  before: `${greatest}
var<workgroup> places: array<u32, ${threads}>;`,
  body: `${eachRow}
  var top = -3.4e38;
  for (var i = t; i < p.width; i += ${threads}u) { top = max(top, x[start + i]); }
  let most = greatest(top, t);
  var place = p.width - 1u;
  for (var i = t; i < p.width; i += ${threads}u) { if (x[start + i] == most) { place = i; break; } }
  places[t] = place;
  workgroupBarrier();
  if (t == 0u) {
    for (var i = 1u; i < ${threads}u; i++) { place = min(place, places[i]); }
    out[row] = place;
  }`,
})
