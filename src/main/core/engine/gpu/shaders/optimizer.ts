// The norm of all gradients, and AdamW in one sweep over tensors that lie side by side.
import { defineKernel, joinOver, spreadIndex } from '../kernel.ts'

/** Numbers that one workgroup of the optimizer takes. */
export const numbersAtOnce = 2048
const threads = 256

/** One sum of squares for each stretch of `p.part` numbers. */
export const squares = defineKernel({
  name: 'sum of squares',
  params: { count: 'u32', part: 'u32', to: 'u32' },
  buffers: { sums: 'write f32', x: 'read f32' },
  threads,
  before: joinOver('sumOver', threads),
  body: `
  let first = w.x * p.part;
  let end = min(p.count, first + p.part);
  var sum = 0.0;
  for (var i = first + t; i < end; i += ${threads}u) { sum += x[i] * x[i]; }
  let all = sumOver(sum, t);
  if (t == 0u) { sums[p.to + w.x] = all; }`,
})

/**
 * PyTorch's AdamW. `stretches`, two numbers of four each: where it begins, how many, whether its weights decay; and
 * the scale of its learning rate.
 */
export const adamW = defineKernel({
  name: 'AdamW',
  params: {
    stretches: 'u32',
    rate: 'f32',
    beta1: 'f32',
    beta2: 'f32',
    rest1: 'f32',
    rest2: 'f32',
    epsilon: 'f32',
    decay: 'f32',
    correction1: 'f32',
    correction2: 'f32',
    scale: 'f32',
  },
  buffers: {
    value: 'write f32',
    gradient: 'write f32',
    first: 'write f32',
    second: 'write f32',
    stretches: 'read u32',
  },
  threads,
  body: `
  let which = ${spreadIndex};
  if (which >= p.stretches) { return; }
  let begin = stretches[4u * which];
  let end = begin + stretches[4u * which + 1u];
  let rate = p.rate * bitcast<f32>(stretches[4u * which + 3u]);
  let keep = select(1.0, 1.0 - rate * p.decay, stretches[4u * which + 2u] == 1u);
  for (var i = begin + t; i < end; i += ${threads}u) {
    let g = gradient[i] * p.scale;
    let m = p.beta1 * first[i] + p.rest1 * g;
    let v = p.beta2 * second[i] + p.rest2 * g * g;
    first[i] = m;
    second[i] = v;
    gradient[i] = 0.0;
    value[i] = value[i] * keep - (rate / p.correction1) * m / (sqrt(v / p.correction2) + p.epsilon);
  }`,
})
