// The learning rate of each member, before anything runs.
import { describe, expect, it } from 'vitest'
import { ratesAt, scheduleOption } from '#renderer/charts/schedule-chart.ts'
import { lightTheme } from '#renderer/charts/theme.ts'

interface Drawn {
  id: string
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

  it('name every member, those of one rate too, at its peak or under the pointer', () => {
    const peaks = (many: typeof lines) =>
      seriesOf(scheduleOption(many, lightTheme))
        .filter(({ id }) => id?.endsWith(' name'))
        .map(({ data }) => data[0])
    expect(peaks(lines)).toEqual([
      [0.5, 1e-3],
      [0.5, 1e-3],
      [0.5, 1e-3],
    ])
    expect(peaks([...lines, ...lines, ...lines])).toEqual([])
    expect(ratesAt(lines, 0.98)).toEqual([
      { rate: '0.0001', names: ['a', 'b'] },
      { rate: '0.00005', names: ['c'] },
    ])
  })
})
