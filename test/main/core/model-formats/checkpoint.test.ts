// A checkpoint is whole, or it is not there; and a changed byte is noticed.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listParameters } from '#shared/family/shape.ts'
import { createRandom } from '#shared/random.ts'
import {
  checkpointFolder,
  keepCheckpoints,
  listCheckpoints,
  loadCheckpoint,
  loadParameters,
  saveCheckpoint,
} from '#main/core/model-formats/checkpoint.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-checkpoint-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const shape = { layers: 1, width: 4, heads: 2, context: 5, vocabulary: 7 }
function state(updates: number) {
  const random = createRandom(updates)
  const values = () =>
    new Map(
      listParameters(shape).map(({ name, shape: s }) => [
        name,
        Float32Array.from({ length: s.reduce((a, b) => a * b, 1) }, random.normal),
      ]),
    )
  return { updates, parameters: values(), firstMoments: values(), secondMoments: values() }
}
const cursor = { seed: 4, random: [1, 2, 3, 4], elapsedMs: 12.5 }

describe('a checkpoint', () => {
  it('gives back every bit of weights, moments and cursor', async () => {
    const saved = { state: state(120), cursor }
    const info = await saveCheckpoint(folder, saved)
    expect(info).toMatchObject({ step: 120, folder: checkpointFolder(folder, 120) })
    expect(readdirSync(folder)).toEqual(['step-000120'])
    expect(await loadCheckpoint(info.folder)).toEqual(saved)
    expect(await loadParameters(info.folder)).toEqual({ step: 120, parameters: saved.state.parameters })
  })

  it('is refused when any file was changed, cut or lost, and the file is named', async () => {
    const { folder: step } = await saveCheckpoint(folder, { state: state(1), cursor })
    for (const name of [
      'parameters.safetensors',
      'first-moments.safetensors',
      'second-moments.safetensors',
      'cursor.json',
    ]) {
      const path = join(step, name)
      copyFileSync(path, `${folder}/good`)
      const bytes = readFileSync(path)
      bytes[bytes.length - 3] ^= 1
      writeFileSync(path, bytes)
      await expect(loadCheckpoint(step)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringMatching(new RegExp(`step-000001 is damaged: ${name} does not have`)),
      })
      truncateSync(path, 10)
      await expect(loadCheckpoint(step)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining('has 10 bytes'),
      })
      rmSync(path)
      await expect(loadCheckpoint(step)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining(`${name} is missing`),
      })
      copyFileSync(`${folder}/good`, path)
      await loadCheckpoint(step)
    }
  })

  it('that is not there is not found; one without a manifest is damaged', async () => {
    await expect(loadCheckpoint(join(folder, 'step-000009'))).rejects.toMatchObject({ code: 'not-found' })
    const { folder: step } = await saveCheckpoint(folder, { state: state(1), cursor })
    rmSync(join(step, 'manifest.json'))
    await expect(loadCheckpoint(step)).rejects.toMatchObject({ code: 'damaged' })
    expect(await listCheckpoints(folder)).toEqual([])
  })

  it('can be written again over itself', async () => {
    await saveCheckpoint(folder, { state: state(1), cursor })
    await saveCheckpoint(folder, { state: state(1), cursor: { again: true } })
    expect((await loadCheckpoint(checkpointFolder(folder, 1))).cursor).toEqual({ again: true })
  })
})

it('only the checkpoints worth keeping stay, and leftovers of a crash go with the rest', async () => {
  for (const step of [5, 10, 1000000]) await saveCheckpoint(folder, { state: state(step), cursor })
  writeFileSync(join(folder, '.step-000011.writing-999999999-0'), 'half')
  expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([5, 10, 1000000])
  expect(await keepCheckpoints(folder, [10, 1000000, 77])).toEqual([5])
  expect(readdirSync(folder)).toEqual(['step-000010', 'step-1000000'])
})
