// Which engine trains, and the sentence that says why.
import { expect, it } from 'vitest'
import { chooseEngine } from '#main/core/engine/choose.ts'
import type { EngineName, EngineProbe } from '#shared/engine.ts'

const ran = (name: EngineName, tokensPerSecond: number): EngineProbe => ({
  name,
  isAvailable: true,
  description: `${name} here`,
  tokensPerSecond,
  flopsPerSecond: tokensPerSecond * 1e6,
})
const missing = (name: EngineName, description: string): EngineProbe => ({
  name,
  isAvailable: false,
  description,
  tokensPerSecond: null,
  flopsPerSecond: null,
})

it('takes the fastest that ran', () => {
  const choice = chooseEngine(
    [ran('native', 13_456), ran('tensorflow', 4_700), ran('wasm', 800), ran('reference', 50)],
    'auto',
  )
  expect(choice).toEqual({
    engine: 'native',
    reason: '13,000 tokens per second on a small step, 2.9 times as fast as tensorflow: native here.',
  })
  expect(chooseEngine([ran('native', 1000), ran('gpu', 90_000)], 'auto').engine).toBe('gpu')
})

it('does not change its mind over noise: among equals the first by name trains', () => {
  expect(chooseEngine([ran('tensorflow', 1030), ran('native', 1000)], 'auto')).toMatchObject({
    engine: 'native',
    reason: expect.stringContaining('about as fast as tensorflow'),
  })
  expect(chooseEngine([ran('tensorflow', 1200), ran('native', 1000)], 'auto').engine).toBe('tensorflow')
})

it('a setting is obeyed where that engine runs', () => {
  expect(chooseEngine([ran('native', 9000), ran('wasm', 100)], 'wasm')).toEqual({
    engine: 'wasm',
    reason: 'Chosen in the settings: wasm here.',
  })
})

it('a setting that cannot be obeyed is answered with why, and the fastest trains', () => {
  const { engine, reason } = chooseEngine(
    [ran('native', 9000), missing('tensorflow', 'TensorFlow is not set up here. Run: npm run setup:tensorflow')],
    'tensorflow',
  )
  expect(engine).toBe('native')
  expect(reason).toBe(
    'The settings ask for tensorflow, which does not run here. TensorFlow is not set up here. Run: npm run setup:tensorflow. The only engine that ran here: native here.',
  )
})

it('the reference is there when nothing else is, or when nothing was measured', () => {
  expect(chooseEngine([], 'auto').engine).toBe('reference')
  expect(chooseEngine([missing('native', 'no'), missing('wasm', 'no')], 'native').engine).toBe('reference')
})
