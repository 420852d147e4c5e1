// What a door answers, whatever it is asked.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { answer } from '#main/doors/common/answer.ts'
import { scriptedLab } from '../../../support/scripted-lab.ts'

const deep = (depth: number): unknown => {
  let value: unknown = []
  for (let level = 1; level < depth; level++) value = [value]
  return value
}

it('is plain data for every name and arguments there can be', async () => {
  const lab = scriptedLab('/nowhere')
  const anything = fc.oneof(fc.anything({ withBigInt: true, withNullPrototype: true }), fc.jsonValue())
  await fc.assert(
    fc.asyncProperty(anything, anything, async (name, args) => {
      const reply = await answer(lab, name, args)
      expect(reply).toMatchObject({ ok: false, code: 'bad-input' })
      expect(JSON.parse(JSON.stringify(reply))).toEqual(reply)
    }),
    { numRuns: 2000 },
  )
})

it('is plain data for what cannot be made words', async () => {
  const lab = scriptedLab('/nowhere')
  for (const odd of [
    { toString: 1 },
    { toString: 1, valueOf: 2 },
    Object.create(null),
    Symbol('s'),
    10n,
    deep(200_000),
  ])
    for (const args of [[], odd]) expect(await answer(lab, odd, args)).toMatchObject({ ok: false, code: 'bad-input' })
})

it('is plain data when the lab throws what cannot be made words', async () => {
  for (const odd of [{ toString: 1 }, Object.create(null), Symbol('s'), 10n, null, undefined]) {
    const lab = scriptedLab('/nowhere', {
      listCorpora: async () => {
        throw odd
      },
    })
    const reply = await answer(lab, 'listCorpora', [])
    expect(reply).toMatchObject({ ok: false, code: 'failed' })
  }
})
