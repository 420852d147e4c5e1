// The linear layers with what follows them, and their gradients.
import type { Kernels, Tensor } from '../kernels.ts'
import type { Device } from './device.ts'
import { halfBeside, type Precision } from './half.ts'
import { matrix } from '../shapes.ts'
import type { CudaMemory } from './memory.ts'
import { operandOf, product, type Product } from './product.ts'
import { addColumnSums } from './rows.ts'

export function productKernels(device: Device, memory: CudaMemory, precision: Precision) {
  const { at } = memory
  const operandAt = (...named: Parameters<CudaMemory['tensorAt']>) =>
    operandOf(device, memory, memory.tensorAt(...named))
  const multiply = (p: Product) => product(device, memory, precision, p)
  function linear(x: Tensor, weight: Tensor, bias: Tensor, residual?: Tensor, isFollowedByProduct = false) {
    const [n, inner] = matrix(x, 'x')
    const [, outer] = matrix(weight, 'weight')
    const operands = {
      A: operandAt(x, 'x', n, inner),
      B: operandAt(weight, 'weight', inner, outer),
      bias: at(bias, 'bias', outer),
      residual: residual ? at(residual, 'residual', n, outer) : 0,
    }
    const out = memory.empty([n, outer])
    const half = isFollowedByProduct ? halfBeside(memory, precision, out) : 0
    multiply({ ...operands, C: out.address, half, M: n, N: outer, K: inner })
    return out
  }
  return {
    // What is added to a skip goes on to a norm; what is not, to attention.
    linear: (x, weight, bias, residual) => linear(x, weight, bias, residual, !residual),
    linearGelu(x, weight, bias, form) {
      const before = linear(x, weight, bias)
      const after = memory.empty(before.shape)
      device.launchEach(
        'gelu',
        before.count,
        before.address,
        after.address,
        halfBeside(memory, precision, after),
        +(form === 'gelu_new'),
      )
      return { before, after }
    },
    linearBackward(dy, x, weight, intoWeight, intoBias) {
      const [n, outer] = matrix(dy, 'dy')
      const [inner] = matrix(weight, 'weight')
      const slopes = operandAt(dy, 'dy', n, outer)
      const rows = operandAt(x, 'x', n, inner)
      const columns = operandAt(weight, 'weight', inner, outer)
      const gradient = at(intoWeight, 'intoWeight', inner, outer)
      addColumnSums(device, memory, {
        dy: slopes.address,
        rows: n,
        width: outer,
        intoSums: at(intoBias, 'intoBias', outer),
      })
      multiply({ A: rows, B: slopes, C: gradient, M: inner, N: outer, K: n, isATransposed: true, isAdded: true })
      const dx = memory.empty([n, inner])
      multiply({ A: slopes, B: columns, C: dx.address, M: n, N: inner, K: outer, isBTransposed: true })
      return dx
    },
    geluBackward(dy, before, form) {
      const own = memory.tensorOf(before)
      const slopes = at(dy, 'dy', ...own.shape)
      const dx = memory.empty(own.shape)
      device.launchEach(
        'geluBackward',
        own.count,
        slopes,
        own.address,
        dx.address,
        halfBeside(memory, precision, dx),
        +(form === 'gelu_new'),
      )
      return dx
    },
  } satisfies Partial<Kernels>
}
