// The weights of a Hugging Face folder, in whichever of their files they come: one or several, safetensors or PyTorch's
// own.
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { exists, readJson } from '#main/platform/disk/files.ts'
import { openSafetensors } from './safetensors.ts'
import { openTorchFile } from './torch-file.ts'
import type { WeightsFile } from './weights-file.ts'

const kinds = [
  { single: 'model.safetensors', open: openSafetensors },
  { single: 'pytorch_model.bin', open: openTorchFile },
] as const

/** Opens the folder's weights; safetensors where both are there. */
export async function openWeights(folder: string): Promise<WeightsFile & { names: string[] }> {
  for (const { single, open } of kinds) {
    if (await exists(join(folder, single))) return Object.assign(await open(join(folder, single)), { names: [single] })
    const index = `${single}.index.json`
    if (await exists(join(folder, index))) return openShards(folder, index, open)
  }
  throw new Fault(
    'not-found',
    `${folder} holds no weights: neither ${kinds.map(({ single }) => single).join(' nor ')}, nor an index of either.`,
  )
}

async function openShards(
  folder: string,
  indexName: string,
  open: (path: string) => Promise<WeightsFile>,
): Promise<WeightsFile & { names: string[] }> {
  const path = join(folder, indexName)
  const index = (await readJson(path)) as { weight_map?: unknown } | null
  const map = index?.weight_map
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw new Fault('damaged', `${path} has no weight_map.`)
  const shardOf = new Map(Object.entries(map as Record<string, unknown>))
  const names = [...new Set(shardOf.values())].map((name) => {
    if (typeof name !== 'string' || !/^[\w.-]+$/.test(name) || name.startsWith('.'))
      throw new Fault('damaged', `${path} names the file ${JSON.stringify(name)}, which is no plain name.`)
    return name
  })
  const files = new Map<string, WeightsFile>()
  const close = async () => {
    for (const file of files.values()) await file.close()
  }
  try {
    for (const name of names) files.set(name, await open(join(folder, name)))
    const tensors = [...shardOf].map(([name, shard]) => {
      const found = files.get(shard as string)!.tensors.find((one) => one.name === name)
      if (!found) throw new Fault('damaged', `${path} says that ${name} is in ${String(shard)}, and it is not.`)
      return found
    })
    return { names, tensors, read: (name) => files.get(shardOf.get(name) as string)!.read(name), close }
  } catch (error) {
    await close()
    throw error
  }
}
