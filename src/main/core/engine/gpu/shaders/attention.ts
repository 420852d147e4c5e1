// Causal attention in tiles that stay in workgroup memory: no [context, context] matrix is ever stored. fp32 sums,
// every one in a fixed order.
import { defineKernel, kernelFamily } from '../kernel.ts'
import {
  dotTile,
  each,
  element,
  fetchRows,
  grid,
  padTo8,
  params,
  places,
  range,
  strideOf,
  threads,
  writeFour,
} from './attention-tile.ts'

/**
 * One workgroup a tile of queries of one head: the scores of a tile of keys, their softmax as it goes, and the weighted
 * sum of the values.
 */
export const attention = kernelFamily((size: number, queries: number, keys: number) => {
  const stride = strideOf(size)
  const fours = padTo8(size) / 4
  const scores = grid(queries, keys)
  const sums = grid(queries, fours)
  const scoreStride = keys + 1
  return defineKernel({
    name: 'attention',
    params,
    buffers: { out: `write ${element(size)}`, logSumExp: 'write f32', qkv: `read ${element(size)}` },
    threads,
    before: `${places(size)}
var<workgroup> q: array<vec4f, ${queries * stride}>;
var<workgroup> kv: array<vec4f, ${keys * stride}>;
var<workgroup> s: array<f32, ${queries * scoreStride}>;
var<workgroup> most: array<f32, ${queries}>;
var<workgroup> total: array<f32, ${queries}>;
var<workgroup> shrink: array<f32, ${queries}>;`,
    body: `
  let tiles = (p.context + ${queries - 1}u) / ${queries}u;
  let q0 = (tiles - 1u - w.x) * ${queries}u; let head = w.y; let base = w.z * p.context;
  ${fetchRows(size, 'q', queries, 'q0', 'qkv', 'inQkv(row, 0u, head)')}
  if (t < ${queries}u) { most[t] = -3.4e38; total[t] = 0.0; }
  let sy = t / ${scores.lanes}u; let sx = t % ${scores.lanes}u;
  let oy = t / ${sums.lanes}u; let ox = t % ${sums.lanes}u;
  ${each(sums, (i, j) => `var o${i}_${j} = vec4f();`)}
  let last = min(q0 + ${queries - 1}u, p.context - 1u);
  for (var k0 = 0u; k0 <= last; k0 += ${keys}u) {
    workgroupBarrier();
    ${fetchRows(size, 'kv', keys, 'k0', 'qkv', 'inQkv(row, 1u, head)')}
    workgroupBarrier();
    ${dotTile(scores, 'q', 'kv', stride, fours, keys, 'x')}
    ${each(
      scores,
      (
        i,
        j,
      ) => `if (sx + ${j * scores.lanes}u < ${keys}u) { let r = sy + ${i * scores.step}u; let c = sx + ${j * scores.lanes}u;
      s[r * ${scoreStride}u + c] = select(-3.4e38, p.scale * x${i}_${j}, k0 + c <= q0 + r && k0 + c < p.context); }`,
    )}
    workgroupBarrier();
    ${fetchRows(size, 'kv', keys, 'k0', 'qkv', 'inQkv(row, 2u, head)')}
    if (t < ${queries}u) {
      var top = most[t];
      for (var c = 0u; c < ${keys}u; c++) { top = max(top, s[t * ${scoreStride}u + c]); }
      var sum = 0.0;
      for (var c = 0u; c < ${keys}u; c++) {
        let e = select(0.0, exp(s[t * ${scoreStride}u + c] - top), k0 + c <= q0 + t);
        s[t * ${scoreStride}u + c] = e;
        sum += e;
      }
      shrink[t] = exp(most[t] - top);
      total[t] = total[t] * shrink[t] + sum;
      most[t] = top;
    }
    workgroupBarrier();
    ${range(sums.down)
      .map(
        (i) =>
          `{ let f = shrink[oy + ${i * sums.step}u]; ${range(sums.over)
            .map((j) => `o${i}_${j} *= f;`)
            .join(' ')} }`,
      )
      .join('\n    ')}
    for (var c = 0u; c < ${keys}u; c++) {
      ${range(sums.over)
        .map((j) => `let v${j} = kv[c * ${stride}u + min(ox + ${j * sums.lanes}u, ${fours - 1}u)];`)
        .join(' ')}
      ${range(sums.down)
        .map((i) => `let e${i} = vec4f(s[(oy + ${i * sums.step}u) * ${scoreStride}u + c]);`)
        .join(' ')}
      ${each(sums, (i, j) => `o${i}_${j} = fma(e${i}, v${j}, o${i}_${j});`)}
    }
  }
  ${each(
    sums,
    (i, j) => `{ let r = oy + ${i * sums.step}u; let c = ox + ${j * sums.lanes}u;
    if (q0 + r < p.context) { ${writeFour(size, 'out', 'inRow(base + q0 + r, head)', 'c', `o${i}_${j} / total[r]`)} } }`,
  )}
  if (t < ${queries}u && q0 + t < p.context) { logSumExp[(base + q0 + t) * p.heads + head] = most[t] + log(total[t]); }`,
  })
})
