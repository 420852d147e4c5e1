// A model's files brought to one folder of this machine, wherever they come from.
import type { ModelOrigin } from '#shared/model.ts'
import { Fault } from '#shared/fault.ts'
import { fetchFromHub, type HubProgress } from '#main/platform/hub/fetch.ts'
import { gatherFiles } from '#main/platform/disk/gather.ts'

const small = new Set(['config.json', 'tokenizer.json', 'vocab.json', 'merges.txt', 'README.md'])

export interface OriginDeps {
  /** What the hub gave lies below it. */
  hubFolder: string
  /** For files that came one by one; made and left to the caller to remove. */
  gatherFolder: string
}

/**
 * The folder with config, tokenizer and weights. Of a hub's repository only these are fetched, and the weights in one
 * form only.
 */
export async function* placeOrigin(
  origin: ModelOrigin,
  { hubFolder, gatherFolder }: OriginDeps,
  signal: AbortSignal,
): AsyncGenerator<HubProgress, string> {
  if (origin.kind === 'folder') return origin.path
  if (origin.kind === 'files') {
    await gatherFiles(origin.paths, gatherFolder)
    return gatherFolder
  }
  const { repo, revision } = origin
  const paths: string[] = []
  const listed = (path: string) => {
    paths.push(path)
    return small.has(path)
  }
  const request = { kind: 'model' as const, repo, revision, cacheFolder: hubFolder }
  const folder = yield* fetchFromHub({ ...request, wanted: listed }, signal)
  const weights = weightsAmong(paths)
  if (weights === null)
    throw new Fault(
      'bad-input',
      `${repo} holds no weights that can be read: neither model.safetensors nor pytorch_model.bin, nor an index of either.`,
    )
  yield* fetchFromHub({ ...request, wanted: (path) => small.has(path) || weights(path) }, signal)
  return folder
}

/** Which files are the weights, the safer form first; null where there are none. */
function weightsAmong(paths: readonly string[]): ((path: string) => boolean) | null {
  for (const single of ['model.safetensors', 'pytorch_model.bin']) {
    if (paths.includes(single)) return (path) => path === single
    if (!paths.includes(`${single}.index.json`)) continue
    const [base, ending] = [single.slice(0, single.lastIndexOf('.')), single.slice(single.lastIndexOf('.'))]
    const shard = new RegExp(`^${base}-\\d+-of-\\d+\\${ending}$`)
    return (path) => path === `${single}.index.json` || shard.test(path)
  }
  return null
}
