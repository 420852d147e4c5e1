// The parts of ECharts that the charts use, and nothing else.
import { LineChart, ScatterChart, CustomChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'

use([LineChart, ScatterChart, CustomChart, GridComponent, MarkLineComponent, LabelLayout, CanvasRenderer, SVGRenderer])

/** An option as a PNG of twice its size, as a data URL. */
export function drawPng(option: object, width: number, height: number): string {
  const chart = init(document.createElement('div'), null, { renderer: 'canvas', width, height })
  chart.setOption(option as never)
  const url = chart.getDataURL({ type: 'png', pixelRatio: 2 })
  chart.dispose()
  return url
}

/** The same option as one SVG document. */
export function drawSvg(option: object, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option as never)
  const text = chart.renderToSVGString()
  chart.dispose()
  return text
}
