// `isoflop inspect`: what is in a file of weights.
import { resolve } from 'node:path'
import { short, table } from './amounts.ts'
import type { CommandPart } from './program.ts'

export const inspectCommand: CommandPart = (program, act) => {
  program.command('inspect')
    .argument('<file>', 'a .safetensors file or a pytorch_model.bin')
    .description('list the tensors of a file of weights')
    .addHelpText('after', `
Example:
  $ isoflop inspect model.safetensors --json`)
    .action(act(async (_context, _options: object, file: string) => {
      const path = resolve(file)
      const { openSafetensors } = await import('#main/checkpoint/safetensors.ts')
      const { openTorchFile } = await import('#main/checkpoint/torch-file.ts')
      const { fileBytes } = await import('#main/storage/files.ts')
      const isTorch = /\.(bin|pt|pth)$/i.test(path)
      const weights = isTorch ? await openTorchFile(path) : await openSafetensors(path)
      await weights.close()
      const tensors = weights.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape, elements: shape.reduce((product, length) => product * length, 1) }))
      const elements = tensors.reduce((sum, tensor) => sum + tensor.elements, 0)
      const metadata = 'metadata' in weights ? weights.metadata : {}
      const document = { file: path, format: isTorch ? 'pytorch' : 'safetensors', bytes: await fileBytes(path), elements, metadata, tensors }
      const rows = tensors.map(({ name, dtype, shape, elements: count }) => [name, dtype, shape.join(' × ') || 'one number', short(count)])
      return { document, text: `${table(['tensor', 'format', 'shape', 'numbers'], rows)}\n${tensors.length} tensors, ${short(elements)} numbers, ${short(document.bytes)} bytes.` }
    }))
}
