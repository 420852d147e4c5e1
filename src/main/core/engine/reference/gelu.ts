// The two forms of GELU and their slopes, to the last digit of a double.
import type { Activation } from '#shared/family/shape.ts'
import type { Kernels } from '../kernels.ts'
import { numbers, type Storage } from './storage.ts'

/**
 * The error function: its Taylor series near zero, the continued fraction of erfc beyond (Abramowitz & Stegun 7.1.5 and
 * 7.1.14).
 */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size > 6) return Math.sign(x)
  if (size < 2.5) {
    let term = size
    let sum = size
    for (let n = 1; Math.abs(term) > 1e-18 * sum; n++) {
      term *= -(size * size) / n
      sum += term / (2 * n + 1)
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI)
  }
  let fraction = size
  for (let n = 60; n > 0; n--) fraction = size + n / 2 / fraction
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * fraction))
}

const root = Math.sqrt(2 / Math.PI)
const cubic = 0.044715

export function gelu(x: number, form: Activation): number {
  if (form === 'gelu') return 0.5 * x * (1 + erf(x / Math.SQRT2))
  return 0.5 * x * (1 + Math.tanh(root * (x + cubic * x ** 3)))
}

function geluSlope(x: number, form: Activation): number {
  if (form === 'gelu') return 0.5 * (1 + erf(x / Math.SQRT2)) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  const tanh = Math.tanh(root * (x + cubic * x ** 3))
  return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * root * (1 + 3 * cubic * x * x)
}

export function geluKernels({ tensor }: Storage) {
  return {
    geluBackward(dy, before, form) {
      const gradient = numbers(dy)
      const x = numbers(before)
      const dx = tensor(dy.shape)
      for (let i = 0; i < dx.data.length; i++) dx.data[i] = gradient[i] * geluSlope(x[i], form)
      return dx
    },
  } satisfies Partial<Kernels>
}
