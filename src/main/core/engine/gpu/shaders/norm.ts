// Layer norm over rows, forward and backward.
import { defineKernel, joinOver, kernelFamily, spreadIndex } from '../kernel.ts'

const epsilon = '1e-5'
/** Threads for a row: few for narrow rows, so that their sums are short. */
export const normThreads = (width: number): number => (width <= 64 ? 32 : width <= 1024 ? 64 : 256)

const eachRow = `let row = ${spreadIndex}; if (row >= p.rows) { return; } let start = row * p.width;`

export const layerNorm = kernelFamily((threads: number) =>
  defineKernel({
    name: 'layer norm',
    params: { rows: 'u32', width: 'u32' },
    buffers: {
      out: 'write f32',
      mean: 'write f32',
      rstd: 'write f32',
      x: 'read f32',
      gain: 'read f32',
      bias: 'read f32',
    },
    threads,
    before: joinOver('sumOver', threads),
    body: `${eachRow}
  var sum = 0.0;
  for (var i = t; i < p.width; i += ${threads}u) { sum += x[start + i]; }
  let average = sumOver(sum, t) / f32(p.width);
  var squares = 0.0;
  for (var i = t; i < p.width; i += ${threads}u) { let z = x[start + i] - average; squares += z * z; }
  let scale = 1.0 / sqrt(sumOver(squares, t) / f32(p.width) + ${epsilon});
  for (var i = t; i < p.width; i += ${threads}u) { out[start + i] = (x[start + i] - average) * scale * gain[i] + bias[i]; }
  if (t == 0u) { mean[row] = average; rstd[row] = scale; }`,
  }),
)

export const layerNormBackward = kernelFamily((threads: number, hasResidual: boolean) =>
  defineKernel({
    name: 'layer norm backward',
    params: { rows: 'u32', width: 'u32' },
    buffers: {
      out: 'write f32',
      dy: 'read f32',
      x: 'read f32',
      gain: 'read f32',
      mean: 'read f32',
      rstd: 'read f32',
      ...(hasResidual ? { residual: 'read f32' as const } : {}),
    },
    threads,
    before: joinOver('sumOver', threads, { type: 'vec2f' }),
    body: `${eachRow}
  let average = mean[row]; let scale = rstd[row];
  var sums = vec2f();
  for (var i = t; i < p.width; i += ${threads}u) {
    let inner = dy[start + i] * gain[i];
    sums += vec2f(inner, inner * (x[start + i] - average) * scale);
  }
  let means = sumOver(sums, t) / f32(p.width);
  for (var i = t; i < p.width; i += ${threads}u) {
    let dx = scale * (dy[start + i] * gain[i] - means.x - (x[start + i] - average) * scale * means.y);
    out[start + i] = dx${hasResidual ? ' + residual[start + i]' : ''};
  }`,
  }),
)

/** Sums over `p.part` rows each of dy ⊙ normal and dy: parts [., 2 width]. Four rows at a time by 64 columns. */
export const gainParts = defineKernel({
  name: 'gradients of gain and bias',
  params: { rows: 'u32', width: 'u32', part: 'u32' },
  buffers: { parts: 'write f32', dy: 'read f32', x: 'read f32', mean: 'read f32', rstd: 'read f32' },
  threads: 256,
  before: 'var<workgroup> sums: array<vec2f, 256>;',
  body: `
  let column = w.x * 64u + t % 64u;
  let end = min(p.rows, (w.y + 1u) * p.part);
  var sum = vec2f();
  if (column < p.width) {
    for (var row = w.y * p.part + t / 64u; row < end; row += 4u) {
      let i = row * p.width + column;
      sum += vec2f(dy[i] * (x[i] - mean[row]) * rstd[row], dy[i]);
    }
  }
  sums[t] = sum;
  workgroupBarrier();
  if (t < 64u && column < p.width) {
    let all = (sums[t] + sums[t + 64u]) + (sums[t + 128u] + sums[t + 192u]);
    parts[w.y * 2u * p.width + column] = all.x;
    parts[(w.y * 2u + 1u) * p.width + column] = all.y;
  }`,
})
