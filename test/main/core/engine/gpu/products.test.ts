// Every tile, form and finish of the product kernels against sums in double precision, on sizes that do not fit them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGpu, type GpuDevice } from '#main/core/engine/gpu/device.ts'
import { createGpuMemory, type GpuMemory, type GpuTensor } from '#main/core/engine/gpu/memory.ts'
import { product, tiles, type Finish, type Form, type TileName } from '#main/core/engine/gpu/shaders/product.ts'
import { createDice, distance } from '../numbers.ts'
import { missingGpu } from './missing.ts'

const forms: [Form, Finish[]][] = [
  ['nn', ['plain', 'residual']],
  ['nt', ['plain']],
  ['tn', ['parts', 'into with bias']],
]
/** One that four divides and one that it does not. */
const sizes = [
  { m: 132, n: 136, k: 40 },
  { m: 67, n: 131, k: 19 },
  { m: 1, n: 5, k: 3 },
]

describe.skipIf(missingGpu !== null)('products', () => {
  let device: GpuDevice
  let memory: GpuMemory
  beforeAll(() => {
    device = openGpu()
    memory = createGpuMemory(device)
  })
  afterAll(() => device.close())

  const put = (data: Float32Array): GpuTensor => {
    const tensor = memory.empty([data.length])
    device.write(tensor.range, data)
    return tensor
  }
  const get = async (tensor: GpuTensor) => {
    const data = new Float32Array(tensor.count)
    await device.read(tensor.range, data)
    return data
  }

  for (const name of Object.keys(tiles) as TileName[])
    it.each(forms)(`tile ${name}: %s`, async (form, finishes) => {
      for (const { m, n, k } of sizes)
        for (const finish of finishes) {
          const dice = createDice(m + n + k)
          const [a, b, bias, residual] = [m * k, k * n, n, m * n].map((length) => dice.normals(length))
          const at = (i: number, j: number) => (form === 'tn' ? a[j * m + i] : a[i * k + j])
          const bt = (i: number, j: number) => (form === 'nt' ? b[j * k + i] : b[i * n + j])
          const parts = finish === 'parts' ? 2 : 1
          const part = Math.ceil(k / parts / 16) * 16
          const rows = finish === 'parts' ? m + 1 : m
          const expected = new Float64Array(parts * rows * n)
          for (let z = 0; z < parts; z++)
            for (let j = 0; j < n; j++) {
              for (let i = 0; i < m; i++) {
                let sum = 0
                for (let l = z * part; l < Math.min(k, (z + 1) * part); l++) sum += at(i, l) * bt(l, j)
                const more = { residual: bias[j] + residual[i * n + j], 'into with bias': residual[i * n + j] }
                expected[(z * rows + i) * n + j] = 0.5 * sum + (more[finish as keyof typeof more] ?? 0)
              }
              if (finish !== 'parts') continue
              let sum = 0
              for (let l = z * part; l < Math.min(k, (z + 1) * part); l++) sum += bt(l, j)
              expected[(z * rows + m) * n + j] = sum
            }
          const isFour = [form === 'tn' ? m : k, form === 'nt' ? k : n, n].map((length) => length % 4 === 0)
          const kernel = product(form, name, finish, isFour[0], isFour[1], isFour[2], 2)
          const into = finish === 'into with bias' ? put(bias) : null
          const c = into ? put(residual) : memory.empty([parts * rows * n])
          const more = into ? [into] : finish === 'residual' ? [put(bias), put(residual)] : []
          const params = { m, n, k, a: form === 'tn' ? m : k, b: form === 'nt' ? k : n, c: n, part, scale: 0.5 }
          const tile = tiles[name]
          device.dispatch(
            kernel,
            [Math.ceil(n / tile.columns), Math.ceil(m / tile.rows), parts],
            params,
            [put(a), put(b), c, ...more].map(({ range }) => range),
          )
          expect(distance(await get(c), expected), `${finish} ${m}x${n}x${k}`).toBeLessThanOrEqual(2e-6)
          if (!into) continue
          const columns = Float64Array.from(bias, (first, j) => {
            let sum = first
            for (let l = 0; l < k; l++) sum += bt(l, j)
            return sum
          })
          expect(distance(await get(into), columns), `columns ${m}x${n}x${k}`).toBeLessThanOrEqual(2e-6)
        }
    })
})
