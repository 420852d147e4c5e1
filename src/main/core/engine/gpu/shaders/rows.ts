// Kernels that go over rows or numbers one by one: filling, adding, gathering, embedding.
import { defineKernel, kernelFamily, spreadIndex } from '../kernel.ts'
import { geluFunctions } from './product.ts'

const threads = 256
/** WGSL: this thread's number among all; those beyond `p.count` leave. */
const eachNumber = `let i = (${spreadIndex}) * ${threads}u + t; if (i >= p.count) { return; }`

export const fill = defineKernel({
  name: 'fill',
  params: { count: 'u32', value: 'f32' },
  buffers: { into: 'write f32' },
  threads,
  body: `${eachNumber} into[i] = p.value;`,
})

export const axpy = defineKernel({
  name: 'axpy',
  params: { count: 'u32', scale: 'f32' },
  buffers: { into: 'write f32', source: 'read f32' },
  threads,
  body: `${eachNumber} into[i] = into[i] + p.scale * source[i];`,
})

export const gatherRows = defineKernel({
  name: 'gather rows',
  params: { count: 'u32', width: 'u32' },
  buffers: { out: 'write f32', x: 'read f32', rows: 'read u32' },
  threads,
  body: `${eachNumber} out[i] = x[rows[i / p.width] * p.width + i % p.width];`,
})

/** out = scale · (tokens[id] + positions[place]); a context of 0: places are given. Ids outside first … beyond wait. */
export const embedding = kernelFamily((hasPlaces: boolean) =>
  defineKernel({
    name: 'embedding',
    params: { count: 'u32', width: 'u32', context: 'u32', scale: 'f32', first: 'u32', beyond: 'u32' },
    buffers: {
      out: 'write f32',
      ids: 'read u32',
      tokens: 'read f32',
      positions: 'read f32',
      ...(hasPlaces ? { places: 'read u32' as const } : {}),
    },
    threads,
    body: `${eachNumber}
  let row = i / p.width; let column = i % p.width; let id = ids[row];
  if (id < p.first || id >= p.beyond) { return; }
  let place = ${hasPlaces ? 'places[row]' : 'row % p.context'};
  out[i] = p.scale * (tokens[(id - p.first) * p.width + column] + positions[place * p.width + column]);`,
  }),
)

/**
 * The gradient of the token embedding, every token's rows summed in their order: `starts` [distinct + 1] says where
 * each distinct token's rows begin in `order`.
 */
export const tokensBackward = defineKernel({
  name: 'gradient of the token embedding',
  params: { distinct: 'u32', width: 'u32', scale: 'f32', first: 'u32', beyond: 'u32' },
  buffers: { into: 'write f32', dx: 'read f32', ids: 'read u32', starts: 'read u32', order: 'read u32' },
  threads: 64,
  body: `
  let which = w.y * 65535u + w.x;
  if (which >= p.distinct) { return; }
  let id = ids[order[starts[which]]];
  if (id < p.first || id >= p.beyond) { return; }
  for (var column = t; column < p.width; column += 64u) {
    var sum = 0.0;
    for (var at = starts[which]; at < starts[which + 1u]; at++) { sum += dx[order[at] * p.width + column]; }
    into[(id - p.first) * p.width + column] += p.scale * sum;
  }`,
})

export const positionsBackward = defineKernel({
  name: 'gradient of the position embedding',
  params: { count: 'u32', rows: 'u32', scale: 'f32' },
  buffers: { into: 'write f32', dx: 'read f32' },
  threads,
  body: `${eachNumber}
  var sum = 0.0;
  for (var row = 0u; row < p.rows; row++) { sum += dx[row * p.count + i]; }
  into[i] += p.scale * sum;`,
})

export const geluBackward = kernelFamily((form: 'gelu' | 'gelu_new') =>
  defineKernel({
    name: `slope of ${form}`,
    params: { count: 'u32' },
    buffers: { out: 'write f32', dy: 'read f32', before: 'read f32' },
    threads,
    before: geluFunctions(form),
    body: `${eachNumber} out[i] = dy[i] * geluSlope(before[i]);`,
  }),
)
