// An engine that is asked for by name: it is here, it came meanwhile, or a sentence says why not.
import { expect, it } from 'vitest'
import type { EngineProbe, Machine } from '#shared/engine.ts'
import { refuseAbsentEngine } from '#main/doors/cli/engine.ts'
import type { CommandContext } from '#main/doors/cli/program.ts'
import { scriptedLab } from '../../../support/scripted-lab.ts'

const context = { terminal: { progress: () => undefined } } as unknown as CommandContext
const probe = (isAvailable: boolean): EngineProbe => ({
  name: 'native',
  isAvailable,
  description: isAvailable ? 'AVX-512' : 'It was not built.',
  tokensPerSecond: null,
  flopsPerSecond: null,
})
const machine = (measuredMs: number, isAvailable: boolean): Machine =>
  ({ measuredMs, probes: [probe(isAvailable)] }) as unknown as Machine

const asked = async (before: Machine, now: Machine) => {
  let measurements = 0
  const lab = scriptedLab('/home', {
    machine: async () => before,
    measureMachine: async () => {
      measurements++
      return now
    },
  })
  const refusal = await refuseAbsentEngine(lab, { engine: 'native' }, context).catch((error: Error) => error.message)
  return { refusal, measurements }
}

it('an engine that was built since the machine was measured is found', async () => {
  expect(await asked(machine(1, false), machine(Date.now(), true))).toEqual({ refusal: undefined, measurements: 1 })
})

it('one that is not here is refused in a sentence, after it was looked for once', async () => {
  const refusal = '--engine: native does not run here: It was not built. Leave it out for the fastest that does.'
  expect(await asked(machine(1, false), machine(Date.now(), false))).toEqual({ refusal, measurements: 1 })
  expect(await asked(machine(Date.now() + 60_000, false), machine(0, true))).toEqual({ refusal, measurements: 0 })
})

it('one that was here is not measured again', async () => {
  expect(await asked(machine(1, true), machine(2, false))).toEqual({ refusal: undefined, measurements: 0 })
})
