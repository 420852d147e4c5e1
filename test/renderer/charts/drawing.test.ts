// Where a symbol lies beside the value it stands for.
import { helper } from 'echarts'
import { expect, it } from 'vitest'
import { centred } from '#renderer/charts/drawing.ts'
import { memberSymbol } from '#renderer/charts/theme.ts'

it('every member’s symbol has its middle on the value, pin and arrow too, which ECharts puts there by their tips', () => {
  const size = 100
  for (let i = 0; i < 7; i++) {
    const { symbol, symbolOffset } = centred(memberSymbol(i))
    const box = helper.createSymbol(symbol, -size / 2, -size / 2, size, size, '#000').getBoundingRect()
    const middle = box.y + box.height / 2 + (parseFloat(String(symbolOffset[1])) / 100) * size
    expect(Math.abs(middle), symbol).toBeLessThan(0.08 * size)
  }
})
