// The learning rate of each member, before anything runs.
import { describe, expect, it } from 'vitest'
import { ratesAt, scheduleOption } from '#renderer/charts/schedule-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'

interface Drawn {
  id: string
  name: string
  data: number[][]
}
const seriesOf = (drawing: { option: object } | null) => (drawing!.option as { series: Drawn[] }).series

describe('the learning rates', () => {
  const rates = (name: string, steps: number): [number, number][] => [
    [1, 0],
    [steps / 2, 1e-3],
    [steps, name === 'c' ? 5e-5 : 1e-4],
  ]
  const lines = ['a', 'b', 'c'].map((name, i) => ({
    id: name,
    name,
    colour: '#000000',
    points: rates(name, 100 + 20 * i),
  }))

  it('lie over each other by the share of the steps', () => {
    const option = scheduleOption(lines, lightTheme)!
    expect(seriesOf(option).find(({ id }) => id === 'a')!.data).toEqual([
      [0.01, 0],
      [0.5, 1e-3],
      [1, 1e-4],
    ])
    expect(scheduleOption([], lightTheme)).toBeNull()
  })

  it('are named at their peak, members of one rate together, or under the pointer', () => {
    const named = (many: typeof lines) =>
      seriesOf(scheduleOption(many, lightTheme))
        .filter(({ id }) => id?.endsWith(' name'))
        .map(({ name, data }) => [name, data[0]])
    expect(named(lines)).toEqual([['a, b, c', [0.5, 1e-3]]])
    expect(named([...lines, ...lines])).toEqual([['6 members', [0.5, 1e-3]]])
    const apart = Array.from({ length: 9 }, (_, i) => ({
      ...lines[0],
      name: `m${i}`,
      points: lines[0].points.map(([step, rate]): [number, number] => [step, rate * (1 + i)]),
    }))
    expect(named(apart)).toEqual([])
    expect(named(apart.slice(0, 2))).toEqual([
      ['m0', [0.5, 1e-3]],
      ['m1', [0.5, 2e-3]],
    ])
    expect(ratesAt(lines, 0.98)).toEqual([
      { rate: '0.0001', names: ['a', 'b'] },
      { rate: '0.00005', names: ['c'] },
    ])
  })
})
