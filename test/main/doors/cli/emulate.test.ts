// `isoflop emulate` from a command line to its answer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulateCommand } from '#main/doors/cli/emulate.ts'
import type { Act, Answer } from '#main/doors/cli/program.ts'
import { findMachine, findModel } from '#shared/cluster/presets.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-emulate-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(line: string): Promise<{ document: any; text: string }> {
  let answer: Answer | null = null
  const context = { terminal: { note: () => {} }, signal: new AbortController().signal }
  const act: Act =
    (work) =>
    async (...given) => {
      answer = await work(context as never, ...([(given.at(-1) as Command).opts(), ...given.slice(0, -2)] as never))
    }
  const program = new Command().exitOverride()
  emulateCommand(program, act)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  await program.parseAsync(['emulate', ...line.split(' ')], { from: 'user' })
  return JSON.parse(JSON.stringify(answer!)) as { document: any; text: string }
}

const gpt3 =
  '--model gpt3-175b --machine a100-80 --devices 64 --tensor 8 --pipeline 8 --micro-batch 1 --batch 64 --recompute selective --sequence-parallel'

describe('isoflop emulate', () => {
  it('answers with the step, its parts, memory, utilisation and throughput', async () => {
    const { document, text } = await run(gpt3)
    expect(Object.keys(document).slice(0, 2)).toEqual(['stepSeconds', 'breakdown'])
    const { stepSeconds, breakdown, memoryBytesPerDevice, fits, mfu, hfu, tokensPerSecond } = document
    expect(Object.values<number>(breakdown).reduce((sum, one) => sum + one)).toBeCloseTo(stepSeconds, 9)
    expect(memoryBytesPerDevice).toBeLessThan(80 * 2 ** 30)
    expect(fits).toBe(true)
    expect(hfu / mfu).toBeCloseTo(1 + 2048 / 6 / 12_288, 2)
    expect(tokensPerSecond).toBeCloseTo((64 * 2048) / stepSeconds, 6)
    expect(document.expectedError.share).toBeGreaterThan(0)
    expect(document.stages).toHaveLength(8)
    expect(text).toContain('Validation: ')
  })

  it('comes near the 13.75 s that were measured with three chunks a stage', async () => {
    const { document } = await run(`${gpt3} --interleave 3`)
    expect(Math.abs(document.stepSeconds / 13.75 - 1)).toBeLessThan(0.06)
    expect(document.utilisationConvention).toContain('eq. 7')
  })

  it('names the nearest plans where this one cannot be, and what would make it fit', async () => {
    const odd = '--model gpt3-175b --machine a100-80 --devices 60 --tensor 8 --pipeline 8 --batch 64'
    await expect(run(odd)).rejects.toThrow(
      '60 devices do not divide into tensor 8 x pipeline 8 = 64. Nearest: --devices 64.',
    )
    expect((await run(odd.replace('60', '64'))).document.dataDegree).toBe(1)
    const tight = await run('--model gpt3-175b --machine a100-80 --devices 64 --tensor 8 --pipeline 4 --batch 64')
    expect(tight.document.fits).toBe(false)
    expect(tight.document.fitting.length).toBeGreaterThan(0)
    expect(tight.text).toMatch(/It fits with: --/)
    expect((await run(gpt3)).document.fitting).toBeUndefined()
    const streamed = '--model cerebras-gpt-13b --machine cs2 --systems 500 --batch 1088'
    await expect(run(streamed)).rejects.toThrow(/ Nearest: --systems 192 --batch 1152\.$/)
    await run(streamed.replace('500', '192').replace('1088', '1152'))
  })

  it("counts days, energy and the person's money", async () => {
    const { document } = await run(`${gpt3} --tokens 300B --price 2.5 --availability 0.9`)
    const { steps, seconds, deviceHours, money, energyKilowattHours } = document.training
    expect(steps).toBe(Math.ceil(300e9 / (64 * 2048)))
    expect(seconds).toBeCloseTo((steps * document.stepSeconds) / 0.9, 3)
    expect(money).toBeCloseTo(deviceHours * 2.5, 6)
    expect(energyKilowattHours).toBeCloseTo(deviceHours * 0.4 * 1.1, 6)
    expect((await run(`${gpt3} --tokens 300B`)).document.training.money).toBeNull()
  })

  it('turns one system into sixteen with one number', async () => {
    const line = '--model cerebras-gpt-13b --machine cs2 --batch 1440'
    const one = await run(`${line} --systems 1 --micro-batch 45`)
    const sixteen = await run(`${line} --systems 16 --micro-batch 45`)
    expect(one.document.stepSeconds / sixteen.document.stepSeconds).toBeCloseTo(15.3, 1)
    expect(sixteen.document.expectedError.share).toBeNull()
    expect(sixteen.document.unverified).toContain('utilisation')
    expect((await run(`${line} --systems 16 --utilisation 0.6`)).document.stepSeconds).toBeLessThan(
      0.6 * sixteen.document.stepSeconds,
    )
  })

  it('draws its schedule when asked', async () => {
    const { document } = await run(`${gpt3} --timeline`)
    expect(document.timeline).toHaveLength(2 * 8 * 64)
    const streamed = await run('--model cerebras-gpt-111m --machine cs2 --systems 2 --batch 240 --timeline')
    expect(streamed.document.timeline.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['forward', 'backward', 'weights in', 'gradients out']),
    )
  })

  it('judges itself by a file of measurements', async () => {
    const { document, text } = await run('--validate resources/validation/measurements.json --rows')
    expect(document.tables.vtrain_multi.parts['tensor <= 8'].time.mean).toBeLessThan(0.1)
    expect(document.tables.korthikanti.time.mean).toBeLessThan(document.tables.korthikanti.calculon.mean)
    const timed = document.rows.filter(
      ({ measuredSeconds }: { measuredSeconds: number | null }) => measuredSeconds !== null,
    )
    expect(timed.filter(({ predictsFit }: { predictsFit: boolean }) => !predictsFit)).toEqual([]) // what ran, fits
    expect(text).toContain('bloom_prequel row 8 was not tried')
  })

  it("takes machines and models of the person's own", async () => {
    const machine = join(folder, 'machine.json')
    const { id, name, figures } = findMachine('a100-80')
    writeFileSync(
      machine,
      JSON.stringify({
        id,
        name,
        kind: 'gpu',
        formats: ['fp16', 'bf16'],
        figures: { ...figures, memoryBytes: { value: 40 * 2 ** 30, source: 'mine', status: 'assumption' } },
      }),
    )
    const model = join(folder, 'model.json')
    writeFileSync(model, JSON.stringify({ ...findModel('gpt3-175b'), id: 'mine' }))
    const { document } = await run(gpt3.replace('gpt3-175b', model).replace('a100-80', machine))
    expect(document).toMatchObject({ model: 'mine', fits: false })
  })

  it.each([
    ['--machine a100-80 --devices 8 --batch 8', 'Say which model'],
    ['--model gpt3-175b --devices 8 --batch 8', 'Say which machine'],
    ['--model gpt3-175b --machine a100-80 --batch 8', 'Say how many GPUs'],
    ['--model gpt3-175b --machine a100-80 --devices 8', 'Say how many sequences'],
    ['--model gpt5 --machine a100-80 --devices 8 --batch 8', 'There is no model "gpt5"'],
    ['--model gpt3-175b --machine tpu --devices 8 --batch 8', 'There is no machine "tpu"'],
    ['--model gpt3-175b --machine cs2 --devices 8 --batch 8', 'takes --systems'],
    ['--model gpt3-175b --machine cs2 --systems 2 --batch 8 --search', 'nothing to search'],
    ['--model gpt3-175b --machine a100-80 --systems 8 --batch 8', 'is for wafer-scale machines'],
    ['--model gpt3-175b --machine a100-80 --devices 8 --devices 16 --batch 8', 'are for --search'],
    ['--model gpt3-175b --machine cs2 --systems 3 --batch 8', '8 does not divide over 3'],
    ['--model gpt3-175b --machine a100-80 --devices 60 --tensor 8 --pipeline 8 --batch 64', '60 devices do not divide'],
    ['--model gpt3-175b --machine cs2 --network 100G', '--network is for GPUs'],
    [
      '--model gpt3-175b --machine a100-80 --devices 8 --batch 8 --utilisation 0.5',
      '--utilisation is an assumption of wafer-scale',
    ],
    ['--validate package.json', 'Known tables'],
  ])('refuses %s', async (line, words) => {
    await expect(run(line)).rejects.toThrow(words)
  })
})
