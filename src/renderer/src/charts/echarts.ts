// The parts of ECharts that the charts use, and nothing else.
import { LineChart, ScatterChart, CustomChart } from 'echarts/charts'
import { GraphicComponent, GridComponent, MarkLineComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'
import type { Picture } from './caption.ts'
import { withNames } from './label-layout.ts'

use([
  LineChart,
  ScatterChart,
  CustomChart,
  GraphicComponent,
  GridComponent,
  MarkLineComponent,
  LabelLayout,
  CanvasRenderer,
  SVGRenderer,
])

/** A picture on a canvas, `ratio` times its size. */
export function drawCanvas({ option, width, height }: Picture, ratio: number): HTMLCanvasElement {
  const chart = init(document.createElement('div'), null, { renderer: 'canvas', width, height })
  chart.setOption(withNames(option, () => ({ width, height })) as never)
  const canvas = chart.renderToCanvas({ pixelRatio: ratio })
  chart.dispose()
  return canvas
}

/** The same picture as one SVG document. */
export function drawSvg({ option, width, height }: Picture): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(withNames(option, () => ({ width, height })) as never)
  const text = chart.renderToSVGString()
  chart.dispose()
  return text
}
