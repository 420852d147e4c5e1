// Models made elsewhere, through the real command line and its real workers: from a hub, listed, asked, trained on,
// carried out.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportModel } from '#main/core/model-formats/export.ts'
import { createByteTokenizer } from '#main/core/tokenizer/tokenizer.ts'
import { ensureBuilt } from '../support/build.ts'
import { smallHub, type SmallHub } from '../support/small-hub.ts'
import { smallText } from '../support/small-text.ts'
import { tinyModels, tinyParameters } from '../support/tiny-models.ts'

const { cli } = ensureBuilt()
let home: string
let hub: SmallHub
let endpoint: string
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-models-'))
  writeFileSync(join(home, 'text.txt'), smallText(100_000))
  const folder = join(home, 'elsewhere')
  await exportModel({
    model: tinyModels.standard,
    parameters: tinyParameters(tinyModels.standard),
    tokenizer: createByteTokenizer(),
    card: '---\nlicense: mit\n---\n',
    name: 'Tiny',
    folder,
    overwrite: false,
  })
  const files = Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      { content: new Uint8Array(readFileSync(join(folder, name))), isLarge: name.endsWith('.safetensors') },
    ]),
  )
  hub = await smallHub({ 'models/org/Tiny-GPT': { files } })
  endpoint = hub.endpoint
})
afterAll(async () => {
  await hub.close()
  rmSync(home, { recursive: true, force: true })
})

const isoflop = (...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args, '--data', join(home, 'lab')],
      { cwd: home, env: { ...process.env, HF_ENDPOINT: endpoint }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => resolve({ status: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    )
  })
async function json(...args: string[]) {
  const { status, stdout, stderr } = await isoflop(...args, '--json')
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

describe.sequential('a model made elsewhere', () => {
  it('comes from the hub by its name, once', async () => {
    const model = await json('import', 'org/Tiny-GPT')
    expect(model).toMatchObject({ name: 'Tiny-GPT', state: 'finished', licence: 'mit', tokenizer: { kind: 'bytes' } })
    expect(existsSync(join(model.folder, 'model.safetensors'))).toBe(true)
    const asked = hub.asked.length
    expect((await isoflop('import', 'org/Tiny-GPT')).stdout).toContain('in the lab already')
    expect(hub.asked).toHaveLength(asked)
    expect((await json('models')).models).toHaveLength(1)
  })

  it('is looked at without being kept', async () => {
    const report = await json('import', 'org/Tiny-GPT', '--dry-run')
    expect(report).toMatchObject({ written: null, dtypes: ['F32'] })
    expect((await json('models')).models).toHaveLength(1)
  })

  it('is trained on, and the run says from what', async () => {
    const {
      runs: [run],
    } = await json('train', '--from', 'Tiny-GPT', '--tokens', '2000', '--corpus', 'text.txt', '--context', '12')
    expect(run).toMatchObject({ state: 'finished', name: 'Tiny-GPT, continued', origin: { name: 'Tiny-GPT' } })
    await json('export', run.id, '--to', join(home, 'exports', 'out'))
    expect(readFileSync(join(home, 'exports/out/README.md'), 'utf8')).toContain('from the weights of Tiny-GPT')
    const { status, stderr } = await isoflop('fit', '--study', 'Tiny-GPT, continued')
    expect([status, stderr]).toEqual([1, expect.stringMatching(/\b0 (points|finished runs)/)])
  })

  it('is what its folder holds now, though the lab has one of the same name from before', async () => {
    const train = () => json('train', '--from', 'changing', '--tokens', '2000', '--corpus', 'text.txt')
    cpSync(join(home, 'elsewhere'), join(home, 'changing'), { recursive: true })
    const first = (await train()).runs[0]
    expect((await train()).runs[0]).toMatchObject({ loss: first.loss })
    const weights = join(home, 'changing', 'model.safetensors')
    const bytes = readFileSync(weights)
    writeFileSync(weights, bytes.fill(61, bytes.length - 4096)) // other weights under the same name
    expect((await train()).runs[0].loss).not.toBe(first.loss)
    cpSync(join(home, 'elsewhere'), join(home, 'Tiny-GPT'), { recursive: true })
    expect((await isoflop('train', '--from', 'Tiny-GPT', '--corpus', 'text')).stderr).toMatch(
      /^--from Tiny-GPT could mean the model of the lab or the folder .*\. Give the model's id, [0-9a-f]{16}, or \.\/Tiny-GPT\.\n$/,
    )
    rmSync(join(home, 'Tiny-GPT'), { recursive: true })
    const { models } = await json('models')
    for (const { id, name } of models) if (name === 'changing') await json('models', 'delete', id)
    await json('trash', 'empty', '--yes')
  })

  it('is refused with one sentence: a name that is not there, no network, a choice that does not fit', async () => {
    expect(await isoflop('import', 'org/Nothing')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /There is no model org\/Nothing on 127\.0\.0\.1:\d+; check how its name is spelled\.\n$/,
      ),
    })
    expect((await isoflop('train', '--from', 'Tiny-GPT', '--largest', '1M')).status).toBe(2)
    endpoint = 'http://127.0.0.1:9'
    expect(await isoflop('import', 'org/Other')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /127\.0\.0\.1:9 cannot be reached, so org\/Other was not fetched; check the network, or import it from a folder\.\n$/,
      ),
    })
    expect((await json('models')).models).toHaveLength(1)
  })

  it('is kept when it is deleted, and goes for good only when that was said', async () => {
    await json('models', 'delete', 'Tiny-GPT')
    expect((await json('models')).models).toEqual([])
    expect((await isoflop('trash', 'empty')).status).toBe(1)
    expect(readdirSync(join(home, 'lab/models'))).toHaveLength(1)
    await json('trash', 'empty', '--yes')
    expect(readdirSync(join(home, 'lab/models'))).toEqual([])
  })
})
