// Attention of single rows to keys and values seen before: those of a cache, and other rows of the same batch.
import { defineKernel, kernelFamily } from '../kernel.ts'

const threads = 64

/** Puts keys and values of qkv [rows · fresh, 3 width] behind the `held` ones of a cache [rows · capacity, 2 width]. */
export const appendToCache = defineKernel({
  name: 'append to cache',
  params: { count: 'u32', width: 'u32', fresh: 'u32', capacity: 'u32', held: 'u32' },
  buffers: { cache: 'write f32', qkv: 'read f32' },
  threads: 256,
  body: `
  let i = (w.y * n.x + w.x) * 256u + t; if (i >= p.count) { return; }
  let row = i / (2u * p.width); let column = i % (2u * p.width);
  let place = (row / p.fresh) * p.capacity + p.held + row % p.fresh;
  cache[place * 2u * p.width + column] = qkv[row * 3u * p.width + p.width + column];`,
})

/**
 * One workgroup a row and head. Keys in turn: of the cache, then of one stretch of the batch's rows, then of another up
 * to the row itself. With a table, four numbers per row say which: keys of the cache, begin and end of the first
 * stretch, begin of the second. Without, a row sees its text's cache up to itself.
 */
export const contextAttention = kernelFamily((size: number, hasTable: boolean, hasCache: boolean) => {
  const columns = Array.from({ length: Math.ceil(size / threads) }, (_, i) => i)
  const key = (part: number) =>
    hasCache ? `if (j < cached) { return cache[((first + j) * 2u + ${part}u) * width + head * ${size}u + c]; }` : ''
  const reader = (name: string, part: number) => `
fn ${name}(j: u32, cached: u32, first: u32, stretches: vec3u, width: u32, head: u32, c: u32) -> f32 {
  ${key(part)}
  ${
    hasTable
      ? `let beyond = j - cached; let before = stretches.y - stretches.x;
  let row = select(stretches.z + beyond - before, stretches.x + beyond, beyond < before);
  return qkv[(row * 3u + ${part + 1}u) * width + head * ${size}u + c];`
      : 'return 0.0;'
  }
}`
  return defineKernel({
    name: 'attention to a context',
    params: { rows: 'u32', heads: 'u32', scale: 'f32', fresh: 'u32', capacity: 'u32', held: 'u32' },
    buffers: {
      out: 'write f32',
      qkv: 'read f32',
      ...(hasCache ? { cache: 'read f32' as const } : {}),
      ...(hasTable ? { table: 'read u32' as const } : {}),
    },
    threads,
    before: `${reader('keyOf', 0)}${reader('valueOf', 1)}
var<workgroup> q: array<f32, ${size}>;
var<workgroup> s: array<f32, ${threads}>;`,
    body: `
  let row = w.z * n.x + w.x; if (row >= p.rows) { return; } let head = w.y; let width = p.heads * ${size}u;
  ${
    hasTable
      ? `let cached = table[4u * row]; let first = 0u;
  let stretches = vec3u(table[4u * row + 1u], table[4u * row + 2u], table[4u * row + 3u]);
  let total = cached + stretches.y - stretches.x + row + 1u - stretches.z;`
      : `let cached = p.held + row % p.fresh + 1u; let first = (row / p.fresh) * p.capacity;
  let stretches = vec3u(); let total = cached;`
  }
  for (var c = t; c < ${size}u; c += ${threads}u) { q[c] = qkv[row * 3u * width + head * ${size}u + c]; }
  var top = -3.4e38; var sum = 0.0;
  ${columns.map((i) => `var o${i} = 0.0;`).join(' ')}
  for (var k0 = 0u; k0 < total; k0 += ${threads}u) {
    workgroupBarrier();
    let j = k0 + t;
    var score = -3.4e38;
    if (j < total) {
      score = 0.0;
      for (var c = 0u; c < ${size}u; c++) { score = fma(q[c], keyOf(j, cached, first, stretches, width, head, c), score); }
      score *= p.scale;
    }
    s[t] = score;
    workgroupBarrier();
    var most = top;
    for (var i = 0u; i < ${threads}u; i++) { most = max(most, s[i]); }
    let shrink = exp(top - most);
    top = most;
    sum *= shrink;
    ${columns.map((i) => `o${i} *= shrink;`).join(' ')}
    let end = min(${threads}u, total - k0);
    for (var i = 0u; i < end; i++) {
      let e = exp(s[i] - most);
      sum += e;
      ${columns.map((i) => `if (t + ${i * threads}u < ${size}u) { o${i} = fma(e, valueOf(k0 + i, cached, first, stretches, width, head, t + ${i * threads}u), o${i}); }`).join('\n      ')}
    }
  }
  ${columns.map((i) => `if (t + ${i * threads}u < ${size}u) { out[row * width + head * ${size}u + t + ${i * threads}u] = o${i} / sum; }`).join('\n  ')}`,
  })
})
