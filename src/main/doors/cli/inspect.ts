// `isoflop inspect`: what is in a file of weights.
import { resolve } from 'node:path'
import { describeTensor } from '#main/core/model-formats/describe.ts'
import { short, table } from './amounts.ts'
import type { CommandPart } from './program.ts'

interface InspectedTensor {
  name: string
  dtype: string
  shape: number[]
  elements: number
  mean?: number | null
  std?: number | null
  min?: number | null
  max?: number | null
  /** Numbers that are not finite. */
  broken?: number
}

export const inspectCommand: CommandPart = (program, act) => {
  program
    .command('inspect')
    .argument('<file>', 'a .safetensors file or a pytorch_model.bin')
    .description('list the tensors of a file of weights')
    .option('--stats', 'read all numbers: mean, standard deviation, smallest, largest of each tensor')
    .addHelpText(
      'after',
      `
Example:
  $ isoflop inspect model.safetensors --json`,
    )
    .action(
      act(async (_context, { stats }: { stats?: boolean }, file: string) => {
        const path = resolve(file)
        const { openSafetensors } = await import('#main/core/model-formats/safetensors.ts')
        const { openTorchFile } = await import('#main/core/model-formats/torch-file.ts')
        const { fileBytes } = await import('#main/platform/disk/files.ts')
        const isTorch = /\.(bin|pt|pth)$/i.test(path)
        const weights = isTorch ? await openTorchFile(path) : await openSafetensors(path)
        const tensors: InspectedTensor[] = []
        try {
          for (const { name, dtype, shape } of weights.tensors) {
            const tensor = { name, dtype, shape, elements: shape.reduce((product, length) => product * length, 1) }
            tensors.push(stats ? { ...tensor, ...statsOf(await weights.read(name)) } : tensor)
          }
        } finally {
          await weights.close()
        }
        const elements = tensors.reduce((sum, tensor) => sum + tensor.elements, 0)
        const metadata = 'metadata' in weights ? weights.metadata : {}
        const document = {
          file: path,
          format: isTorch ? 'pytorch' : 'safetensors',
          bytes: await fileBytes(path),
          elements,
          metadata,
          tensors,
        }
        const rows = tensors.map(({ name, dtype, shape, elements: count, mean, std, min, max }) => [
          name,
          dtype,
          shape.join(' × ') || 'one number',
          short(count),
          ...(stats ? [mean, std, min, max].map((value) => value?.toPrecision(3) ?? '') : []),
        ])
        return {
          document,
          text: `${table(['tensor', 'format', 'shape', 'numbers', ...(stats ? ['mean', 'std', 'smallest', 'largest'] : [])], rows)}\n${tensors.length} tensors, ${short(elements)} numbers, ${short(document.bytes)} bytes.`,
        }
      }),
    )
}

/** JSON has no NaN: where no number is finite there is none. */
function statsOf(data: Float32Array): Pick<InspectedTensor, 'mean' | 'std' | 'min' | 'max' | 'broken'> {
  const { mean, std, min, max, broken } = describeTensor('', [], data)
  const known = (value: number) => (Number.isFinite(value) ? value : null)
  return { mean: known(mean), std: known(std), min: known(min), max: known(max), broken }
}
