// An engine that is asked for by name: it is here, or a sentence says why not.
import { expect, it } from 'vitest'
import { refuseAbsentEngine, withSettings } from '#main/doors/cli/engine.ts'
import type { CommandContext } from '#main/doors/cli/program.ts'
import { scriptedLab } from '../../../support/scripted-lab.ts'

const { signal } = new AbortController()
const context = { terminal: { progress: () => undefined }, signal } as unknown as CommandContext

/** The refusal, and the engines that were looked for. */
const asked = async (engine: 'native' | 'auto', isAvailable: boolean) => {
  const looked: string[] = []
  const lab = {
    ...scriptedLab('/home', {}),
    probeEngine: async (name: string) => {
      looked.push(name)
      return { isAvailable, description: isAvailable ? 'AVX-512' : 'It was not built.' }
    },
  }
  const refusal = await refuseAbsentEngine(lab, { engine }, context).catch((error: Error) => error.message)
  return { refusal, looked }
}

it('one that is here is used', async () => {
  expect(await asked('native', true)).toEqual({ refusal: undefined, looked: ['native'] })
})

it('one that is not here is refused in a sentence, after it was looked for once', async () => {
  const refusal = '--engine: native does not run here: It was not built. Leave it out for the fastest that does.'
  expect(await asked('native', false)).toEqual({ refusal, looked: ['native'] })
})

it('the fastest is not looked for before the training', async () => {
  expect(await asked('auto', false)).toEqual({ refusal: undefined, looked: [] })
})

it('an interrupt does not wait until all of them are measured, and puts the settings back', async () => {
  const stopping = new AbortController()
  const changed: unknown[] = []
  const lab = {
    ...scriptedLab('/home', {}),
    settings: async () => ({ engine: 'auto', threads: 0 }),
    updateSettings: async (changes: unknown) => void changed.push(changes),
  } as unknown as Parameters<typeof withSettings>[0]
  const waiting = withSettings(
    lab,
    { engine: 'native' },
    { ...context, signal: stopping.signal },
    () => new Promise<never>(() => undefined),
  )
  setTimeout(() => stopping.abort(), 10)
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  expect(changed).toEqual([{ engine: 'native' }, { engine: 'auto', threads: 0 }])
})
