// The Python reader of docs/ against the trainer: the same batches to the last id, the same weights to the last bit.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parametrisation } from '#shared/family/parametrisation.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import { createRandom } from '#shared/random.ts'
import { initialWeights } from '#main/core/engine/init.ts'
import { createBatches } from '#main/core/training/batches.ts'
import { splitBlocks } from '#main/core/training/score-split.ts'
import { openTokens } from '#main/platform/disk/token-files.ts'

const python = [process.env.ISOFLOP_PYTHON, 'python3', 'python'].find(
  (one) => one && spawnSync(one, ['-c', 'import numpy'], { stdio: 'ignore' }).status === 0,
)
const folder = mkdtempSync(join(tmpdir(), 'isoflop-rebuild-'))
afterAll(() => rmSync(folder, { recursive: true }))

const rebuilt = (...args: (string | number)[]): string => {
  const { status, stdout, stderr } = spawnSync(python!, ['docs/rebuild.py', ...args.map(String)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

describe.skipIf(!python)('rebuilt in Python', () => {
  const path = join(folder, 'train.bin')
  const random = createRandom(1)
  writeFileSync(path, new Uint8Array(Uint16Array.from({ length: 5000 }, () => random.integer(512)).buffer))
  const context = 16

  it.each([
    ['the first step', 0, 0],
    ['a step in a later epoch', 2 ** 40 + 7, 150],
  ])('%s reads the same sequences', (_, seed, step) => {
    const tokens = openTokens(path)
    const batch = createBatches({ tokens, context, rows: 6, seed }).batchAt(step)
    tokens.close()
    const found = JSON.parse(rebuilt('batch', path, '--context', context, '--batch', 6, '--seed', seed, '--step', step))
    expect((found.inputs as number[][]).flat()).toEqual([...batch.inputs])
    expect((found.targets as number[][]).flat()).toEqual([...batch.targets])
  })

  it('the same windows of the validation split are scored along the way', () => {
    const long = join(folder, 'validation.bin')
    writeFileSync(long, new Uint8Array(Uint16Array.from({ length: 60_000 }, (_, i) => i).buffer))
    const tokens = openTokens(long)
    const split = splitBlocks(tokens, { context, sequences: 32_768 / context, rows: 8 })!
    const firsts = [...split.part()].flatMap(({ inputs, rows }) =>
      Array.from({ length: rows }, (_, row) => inputs[row * context] / context),
    )
    tokens.close()
    expect(JSON.parse(rebuilt('validation', long, '--context', context))).toEqual(firsts)
  })

  it.each([['standard'], ['mup']] as const)('weights begin at the same numbers, %s', (kind) => {
    const shape = { layers: 2, width: 32, heads: 2, context, vocabulary: 64 }
    const scaling = { ...defaultRecipe, parametrisation: kind, mupBaseWidth: 8, initStd: 0.08 }
    const model = { shape, activation: 'gelu' as const, parametrisation: parametrisation(scaling, shape), seed: 3 }
    const [npz, raw] = [join(folder, `${kind}.npz`), join(folder, `${kind}.bin`)]
    const size = ['--layers', 2, '--width', 32, '--context', context, '--vocabulary', 64]
    rebuilt('weights', ...size, '--init', 0.08, '--seed', 3, ...(kind === 'mup' ? ['--mup-base', 8] : []), '--to', npz)
    const all =
      'import numpy,sys; z=numpy.load(sys.argv[1]); print(",".join(z)); numpy.concatenate([z[n].ravel() for n in z]).tofile(sys.argv[2])'
    const names = spawnSync(python!, ['-c', all, npz, raw], { encoding: 'utf8' }).stdout.trim().split(',')
    const weights = initialWeights(model)
    expect(names).toEqual([...weights.keys()])
    const bytes = readFileSync(raw)
    const theirs = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    let at = 0
    for (const values of weights.values()) {
      const ours = new Int32Array(values.buffer)
      const apart = ours.filter((bits, i) => Math.abs(bits - theirs[at + i]) > 1).length
      const unequal = ours.filter((bits, i) => bits !== theirs[at + i]).length
      expect([apart, unequal / ours.length < 1e-3]).toEqual([0, true])
      at += ours.length
    }
    expect(at).toBe(theirs.length)
  })
})
