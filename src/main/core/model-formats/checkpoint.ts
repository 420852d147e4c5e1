// A checkpoint: everything a run needs to go on to the same bits, as a folder that is there whole or not at all.
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { ModelState } from '#main/core/engine/engine.ts'
import { sweepLeftovers } from '#main/platform/disk/staging.ts'
import { exists, hashFile, listFolder, readJson, writeFile } from '#main/platform/disk/files.ts'
import { removeFolder, writeFolderAtomically } from '#main/platform/disk/folders.ts'
import { type NamedTensor, readSafetensors, safetensorsPieces } from './safetensors.ts'

/**
 * What a run is besides its numbers: position in the data, random state, time spent. Plain JSON; the trainer knows its
 * fields.
 */
export type Cursor = Record<string, unknown>

export interface Checkpoint {
  state: ModelState
  cursor: Cursor
}

export interface CheckpointInfo {
  /** Updates done. */
  step: number
  folder: string
  bytes: number
}

interface Manifest {
  format: 'isoflop-checkpoint'
  version: 1
  step: number
  files: { name: string; bytes: number; sha256: string }[]
}

const manifestName = 'manifest.json'
const parametersName = 'parameters.safetensors'

/** `step-000120` inside a run's checkpoint folder. */
export const checkpointFolder = (folder: string, step: number): string =>
  join(folder, `step-${String(step).padStart(6, '0')}`)

/**
 * Writes `step-NNNNNN/` under `folder` (N = state.updates): weights, moments, cursor, and a manifest with the SHA-256
 * of each.
 * A crash at any instant leaves the checkpoints that were there, plus this one or not.
 */
export async function saveCheckpoint(folder: string, { state, cursor }: Checkpoint): Promise<CheckpointInfo> {
  const target = checkpointFolder(folder, state.updates)
  const manifest: Manifest = { format: 'isoflop-checkpoint', version: 1, step: state.updates, files: [] }
  await writeFolderAtomically(
    target,
    async (staging) => {
      const add = async (name: string, contents: Iterable<Uint8Array>) => {
        const hash = createHash('sha256')
        let bytes = 0
        await writeFile(
          join(staging, name),
          watched(contents, (piece) => {
            hash.update(piece)
            bytes += piece.byteLength
          }),
        )
        manifest.files.push({ name, bytes, sha256: hash.digest('hex') })
      }
      await add('parameters.safetensors', safetensorsPieces(flat(state.parameters), { format: 'pt' }))
      await add('first-moments.safetensors', safetensorsPieces(flat(state.firstMoments), { format: 'pt' }))
      await add('second-moments.safetensors', safetensorsPieces(flat(state.secondMoments), { format: 'pt' }))
      await add('cursor.json', [Buffer.from(JSON.stringify({ updates: state.updates, cursor }, null, 2) + '\n')])
      await writeFile(join(staging, manifestName), JSON.stringify(manifest, null, 2) + '\n')
    },
    { overwrite: true },
  )
  return { step: state.updates, folder: target, bytes: totalBytes(manifest) }
}

/**
 * Reads one checkpoint folder (`step-NNNNNN`). A file that is missing, changed or cut short is `damaged`, and is named.
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  await verify(folder, await readManifest(folder))
  const parameters = await readParameters(folder)
  const firstMoments = await readFlat(join(folder, 'first-moments.safetensors'))
  const secondMoments = await readFlat(join(folder, 'second-moments.safetensors'))
  const { updates, cursor } = (await readJson(join(folder, 'cursor.json'))) as { updates: number; cursor: Cursor }
  return { state: { updates, parameters, firstMoments, secondMoments }, cursor }
}

/** The weights alone, for exporting and generating: a third of the reading. */
export async function loadParameters(folder: string): Promise<{ step: number; parameters: Map<string, Float32Array> }> {
  const manifest = await readManifest(folder)
  await verify(folder, manifest, parametersName)
  return { step: manifest.step, parameters: await readParameters(folder) }
}

/** SHA-256 of the weights, as the manifest has it: equal trainings have equal ones, however long they took. */
export async function weightsHash(folder: string): Promise<string> {
  const file = (await readManifest(folder)).files.find(({ name }) => name === parametersName)
  if (!file) throw new Fault('damaged', `The checkpoint in ${folder} has no weights.`)
  return file.sha256
}

/** The whole checkpoints in a run's folder, oldest first. */
export async function listCheckpoints(folder: string): Promise<CheckpointInfo[]> {
  const found: CheckpointInfo[] = []
  for (const name of await listFolder(folder)) {
    const step = /^step-(\d+)$/.exec(name)
    const path = join(folder, name)
    if (!step || !(await exists(join(path, manifestName)))) continue
    const bytes = await readManifest(path).then(totalBytes, () => 0)
    found.push({ step: Number(step[1]), folder: path, bytes })
  }
  return found.sort((a, b) => a.step - b.step)
}

/** Removes every checkpoint whose step is not in `keep`, and what crashes left; returns the steps removed. */
export async function keepCheckpoints(folder: string, keep: readonly number[]): Promise<number[]> {
  await sweepLeftovers(folder)
  const gone = (await listCheckpoints(folder)).filter(({ step }) => !keep.includes(step))
  for (const { folder: path } of gone) await removeFolder(path)
  return gone.map(({ step }) => step)
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestName)
  if (!(await exists(path)))
    throw new Fault((await exists(folder)) ? 'damaged' : 'not-found', `There is no checkpoint in ${folder}.`)
  const manifest = (await readJson(path)) as Manifest
  if (manifest?.format !== 'isoflop-checkpoint' || !Array.isArray(manifest.files))
    throw new Fault('damaged', `${path} is not the manifest of a checkpoint.`)
  if (manifest.version !== 1)
    throw new Fault(
      'unavailable',
      `The checkpoint ${basename(folder)} was written by a newer version (format ${manifest.version}).`,
    )
  return manifest
}

async function verify(folder: string, manifest: Manifest, only?: string): Promise<void> {
  for (const { name, bytes, sha256 } of manifest.files) {
    if (only && name !== only) continue
    const path = join(folder, name)
    if (!(await exists(path)))
      throw new Fault('damaged', `The checkpoint ${basename(folder)} is damaged: ${name} is missing.`, {
        details: path,
      })
    const found = await hashFile(path)
    if (found.bytes === bytes && found.sha256 === sha256) continue
    const what =
      found.bytes === bytes
        ? 'does not have the content it was written with'
        : `has ${found.bytes} bytes and was written with ${bytes}`
    throw new Fault(
      'damaged',
      `The checkpoint ${basename(folder)} is damaged: ${name} ${what}. An older checkpoint may still be whole.`,
      { details: path },
    )
  }
}

const totalBytes = (manifest: Manifest): number => manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)

/** An engine keeps its numbers by name alone; their shapes follow from the plan, so a checkpoint stores them flat. */
const flat = (values: Map<string, Float32Array>): NamedTensor[] =>
  [...values].map(([name, data]) => ({ name, shape: [data.length], data }))

const readParameters = (folder: string) => readFlat(join(folder, 'parameters.safetensors'))

async function readFlat(path: string): Promise<Map<string, Float32Array>> {
  const { tensors } = await readSafetensors(path)
  return new Map([...tensors].map(([name, { data }]) => [name, data]))
}

function* watched(pieces: Iterable<Uint8Array>, see: (piece: Uint8Array) => void): Generator<Uint8Array> {
  for (const piece of pieces) {
    see(piece)
    yield piece
  }
}
