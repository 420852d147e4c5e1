// The gradients of causal attention, tile by tile: scores are made again, nothing of them was kept.
import { defineKernel, kernelFamily, spreadIndex } from '../kernel.ts'
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

/** Σ dy · output of each row and head: what the softmax's backward subtracts. */
export const attentionDelta = defineKernel({
  name: 'attention delta',
  params: { count: 'u32', size: 'u32' },
  buffers: { delta: 'write f32', dy: 'read f32', output: 'read f32' },
  threads: 256,
  body: `
  let i = (${spreadIndex}) * 256u + t; if (i >= p.count) { return; }
  var sum = 0.0;
  for (var c = 0u; c < p.size; c++) { sum = fma(dy[i * p.size + c], output[i * p.size + c], sum); }
  delta[i] = sum;`,
})

const backwardBuffers = (size: number) =>
  ({
    dqkv: `write ${element(size)}`,
    dy: `read ${element(size)}`,
    qkv: `read ${element(size)}`,
    logSumExp: 'read f32',
    delta: 'read f32',
  }) as const

/** WGSL: probabilities of a tile into `s`, and the slopes of the scores into `ds`. */
const slopes = (scores: ReturnType<typeof grid>, stride: number, fours: number, keys: number) => `
    ${dotTile(scores, 'q', 'k', stride, fours, keys, 'x')}
    ${dotTile(scores, 'g', 'v', stride, fours, keys, 'y')}
    ${range(scores.down)
      .map(
        (
          i,
        ) => `let r${i} = sy + ${i * scores.step}u; let at${i} = min(base + q0 + r${i}, base + p.context - 1u) * p.heads + head;
    let most${i} = logSumExp[at${i}]; let less${i} = delta[at${i}];`,
      )
      .join('\n    ')}
    ${each(
      scores,
      (i, j) => `if (sx + ${j * scores.lanes}u < ${keys}u) { let c = sx + ${j * scores.lanes}u;
      let e = select(0.0, exp(p.scale * x${i}_${j} - most${i}), k0 + c <= q0 + r${i} && q0 + r${i} < p.context);
      s[r${i} * ${keys + 1}u + c] = e; ds[r${i} * ${keys + 1}u + c] = p.scale * e * (y${i}_${j} - less${i}); }`,
    )}`

const backwardMemory = (queries: number, keys: number, stride: number) => `
var<workgroup> q: array<vec4f, ${queries * stride}>;
var<workgroup> g: array<vec4f, ${queries * stride}>;
var<workgroup> k: array<vec4f, ${keys * stride}>;
var<workgroup> v: array<vec4f, ${keys * stride}>;
var<workgroup> s: array<f32, ${queries * (keys + 1)}>;
var<workgroup> ds: array<f32, ${queries * (keys + 1)}>;`

/** One workgroup a tile of queries: the gradient of Q. */
export const attentionBackwardQueries = kernelFamily((size: number, queries: number, keys: number) => {
  const stride = strideOf(size)
  const fours = padTo8(size) / 4
  const scores = grid(queries, keys)
  const sums = grid(queries, fours)
  return defineKernel({
    name: 'attention backward to queries',
    params,
    buffers: backwardBuffers(size),
    threads,
    before: places(size) + backwardMemory(queries, keys, stride),
    body: `
  let tiles = (p.context + ${queries - 1}u) / ${queries}u;
  let q0 = (tiles - 1u - w.x) * ${queries}u; let head = w.y; let base = w.z * p.context;
  ${fetchRows(size, 'q', queries, 'q0', 'qkv', 'inQkv(row, 0u, head)')}
  ${fetchRows(size, 'g', queries, 'q0', 'dy', 'inRow(row, head)')}
  let sy = t / ${scores.lanes}u; let sx = t % ${scores.lanes}u;
  let oy = t / ${sums.lanes}u; let ox = t % ${sums.lanes}u;
  ${each(sums, (i, j) => `var o${i}_${j} = vec4f();`)}
  let last = min(q0 + ${queries - 1}u, p.context - 1u);
  for (var k0 = 0u; k0 <= last; k0 += ${keys}u) {
    workgroupBarrier();
    ${fetchRows(size, 'k', keys, 'k0', 'qkv', 'inQkv(row, 1u, head)')}
    ${fetchRows(size, 'v', keys, 'k0', 'qkv', 'inQkv(row, 2u, head)')}
    workgroupBarrier();
    ${slopes(scores, stride, fours, keys)}
    workgroupBarrier();
    for (var c = 0u; c < ${keys}u; c++) {
      ${range(sums.over)
        .map((j) => `let v${j} = k[c * ${stride}u + min(ox + ${j * sums.lanes}u, ${fours - 1}u)];`)
        .join(' ')}
      ${range(sums.down)
        .map((i) => `let e${i} = vec4f(ds[(oy + ${i * sums.step}u) * ${keys + 1}u + c]);`)
        .join(' ')}
      ${each(sums, (i, j) => `o${i}_${j} = fma(e${i}, v${j}, o${i}_${j});`)}
    }
  }
  ${each(
    sums,
    (i, j) => `{ let r = oy + ${i * sums.step}u; let c = ox + ${j * sums.lanes}u;
    if (q0 + r < p.context) { ${writeFour(size, 'dqkv', 'inQkv(base + q0 + r, 0u, head)', 'c', `o${i}_${j}`)} } }`,
  )}`,
  })
})

/** One workgroup a tile of keys: the gradients of K and V. */
export const attentionBackwardKeys = kernelFamily((size: number, queries: number, keys: number) => {
  const stride = strideOf(size)
  const fours = padTo8(size) / 4
  const scores = grid(queries, keys)
  const sums = grid(keys, fours)
  return defineKernel({
    name: 'attention backward to keys and values',
    params,
    buffers: backwardBuffers(size),
    threads,
    before: places(size) + backwardMemory(queries, keys, stride),
    body: `
  let k0 = w.x * ${keys}u; let head = w.y; let base = w.z * p.context;
  ${fetchRows(size, 'k', keys, 'k0', 'qkv', 'inQkv(row, 1u, head)')}
  ${fetchRows(size, 'v', keys, 'k0', 'qkv', 'inQkv(row, 2u, head)')}
  let sy = t / ${scores.lanes}u; let sx = t % ${scores.lanes}u;
  let oy = t / ${sums.lanes}u; let ox = t % ${sums.lanes}u;
  ${each(sums, (i, j) => `var o${i}_${j} = vec4f(); var u${i}_${j} = vec4f();`)}
  for (var q0 = (k0 / ${queries}u) * ${queries}u; q0 < p.context; q0 += ${queries}u) {
    workgroupBarrier();
    ${fetchRows(size, 'q', queries, 'q0', 'qkv', 'inQkv(row, 0u, head)')}
    ${fetchRows(size, 'g', queries, 'q0', 'dy', 'inRow(row, head)')}
    workgroupBarrier();
    ${slopes(scores, stride, fours, keys)}
    workgroupBarrier();
    for (var r = 0u; r < ${queries}u; r++) {
      ${range(sums.over)
        .map(
          (j) =>
            `let c${j} = min(ox + ${j * sums.lanes}u, ${fours - 1}u); let m${j} = q[r * ${stride}u + c${j}]; let g${j} = g[r * ${stride}u + c${j}];`,
        )
        .join(' ')}
      ${range(sums.down)
        .map(
          (i) =>
            `let e${i} = vec4f(s[r * ${keys + 1}u + oy + ${i * sums.step}u]); let d${i} = vec4f(ds[r * ${keys + 1}u + oy + ${i * sums.step}u]);`,
        )
        .join(' ')}
      ${each(sums, (i, j) => `o${i}_${j} = fma(d${i}, m${j}, o${i}_${j}); u${i}_${j} = fma(e${i}, g${j}, u${i}_${j});`)}
    }
  }
  ${each(
    sums,
    (i, j) => `{ let r = oy + ${i * sums.step}u; let c = ox + ${j * sums.lanes}u;
    if (k0 + r < p.context) {
      ${writeFour(size, 'dqkv', 'inQkv(base + k0 + r, 1u, head)', 'c', `o${i}_${j}`)}
      ${writeFour(size, 'dqkv', 'inQkv(base + k0 + r, 2u, head)', 'c', `u${i}_${j}`)} } }`,
  )}`,
  })
})
