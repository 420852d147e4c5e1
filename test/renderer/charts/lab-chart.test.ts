// @vitest-environment happy-dom
// The chart's own behaviour over a plot of 400 x 200 pixels: dragging zooms, hovering and keys read, the menu saves.
import { inflateSync } from 'node:zlib'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import LabChart from '#renderer/charts/LabChart.vue'
import { lightTheme } from '#renderer/charts/theme.ts'

vi.mock('@vueuse/core', async (original) => ({
  ...(await original<object>()),
  useElementSize: (_of: unknown, _first: unknown, options?: object) =>
    options ? { width: readingWidth } : { width: ref(500), height: ref(260) },
}))
const readingWidth = ref(0)
const drawn = `data:image/png;base64,${btoa('a picture')}`
vi.mock('vue-echarts', () => ({ default: defineComponent({ setup: () => () => h('canvas') }) }))
// no canvas draws here: what it would be is a picture of two pixels
vi.mock('#renderer/charts/echarts.ts', async (original) => ({
  ...(await original<object>()),
  drawCanvas: () => ({
    width: 2,
    height: 1,
    toDataURL: () => drawn,
    getContext: () => ({
      getImageData: () => ({ data: Uint8ClampedArray.of(255, 0, 0, 255, 0, 0, 255, 255), width: 2, height: 1 }),
    }),
  }),
}))

let chart: VueWrapper<any>
afterEach(() => chart.unmount())

const grid = { left: 60, right: 40, top: 20, bottom: 40 }
const axes = { x: { range: { from: 0, to: 400 }, kind: 'linear' }, y: { range: { from: 1, to: 100 }, kind: 'log' } }
async function open(props: object = {}) {
  chart = mount(LabChart, {
    props: { option: { grid, series: [] }, axes, theme: lightTheme, label: 'Loss', fileName: 'a-loss', ...props },
    slots: {
      hover: `<template #hover="{ x, y }"><p class="read">{{ x.toFixed(0) }} {{ y.toFixed(1) }}</p></template>`,
      empty: '<p class="empty">Nothing yet</p>',
    },
    attachTo: document.body,
  })
  await nextTick()
  const frame = chart.get('.frame')
  ;(frame.element as HTMLElement).setPointerCapture = () => undefined
  const pointer = (type: string, x: number, y: number) =>
    frame.trigger(`pointer${type}`, { clientX: x, clientY: y, button: 0, pointerId: 1 })
  return {
    frame,
    pointer,
    async drag(from: [number, number], to: [number, number]) {
      await pointer('down', ...from)
      await pointer('move', ...to)
      await pointer('up', ...to)
    },
    key: (key: string, more: object = {}) => frame.trigger('keydown', { key, ...more }),
  }
}
const reading = () => (chart.find('.read').exists() ? chart.get('.read').text() : null)
const lastZoom = () => chart.emitted('zoom')?.at(-1)?.[0] as any

test('hovering reads both axes where the pointer is, and leaving the plot reads nothing', async () => {
  const { pointer } = await open()
  await pointer('move', 60 + 100, 20 + 100) // a quarter along, half way up two decades
  expect(reading()).toBe('100 10.0')
  await pointer('move', 10, 100)
  expect(reading()).toBeNull()
  await pointer('move', 160, 120)
  await pointer('leave', 160, 120)
  expect(reading()).toBeNull()
})

test('what is read stands beside the pointer, and over it where it would be cut', async () => {
  const { pointer } = await open()
  await pointer('move', 300, 120)
  const right = () => (chart.get('.reading').element as HTMLElement).style.right
  expect(right()).toBe('218px')
  readingWidth.value = 350 // more than the 282 pixels to the left
  await nextTick()
  expect(right()).toBe('150px')
})

test('dragging across zooms to the stretch that was dragged over, whichever way', async () => {
  const { drag } = await open()
  await drag([160, 50], [260, 150])
  expect(lastZoom()).toEqual({ x: { from: 100, to: 200 } })
  await drag([260, 50], [160, 150])
  expect(lastZoom()).toEqual({ x: { from: 100, to: 200 } })
})

test('where both axes zoom, a drag takes the box and a flat drag the stretch', async () => {
  const { drag } = await open({ zoom: 'xy' })
  await drag([160, 20], [260, 120])
  expect(lastZoom().x).toEqual({ from: 100, to: 200 })
  expect(lastZoom().y.from).toBeCloseTo(10)
  expect(lastZoom().y.to).toBeCloseTo(100)
  await drag([160, 50], [260, 53])
  expect(lastZoom()).toEqual({ x: { from: 100, to: 200 } })
})

test('a drag that leaves the plot ends at its edge', async () => {
  const { drag } = await open()
  await drag([260, 50], [900, 50])
  expect(lastZoom()).toEqual({ x: { from: 200, to: 400 } })
})

test.each([
  ['a press without a drag', {}, [160, 50], [163, 50]],
  ['a drag that begins beside the plot', {}, [10, 50], [260, 50]],
  ['a drag where nothing zooms', { zoom: 'none' }, [160, 50], [260, 50]],
  ['a drag on a chart without axes', { axes: null }, [160, 50], [260, 50]],
] as const)('%s zooms nothing', async (_, props, from, to) => {
  const { drag } = await open(props)
  await drag([...from], [...to])
  expect(chart.emitted('zoom')).toBeUndefined()
})

test('a drag is drawn while it lasts and hides the reading', async () => {
  const { pointer } = await open()
  await pointer('down', 160, 50)
  await pointer('move', 260, 50)
  expect(chart.get('.drag').attributes('style')).toMatch(/left: 160px.*width: 100px/)
  expect(reading()).toBeNull()
  await pointer('cancel', 260, 50)
  expect(chart.find('.drag').exists()).toBe(false)
})

test('a double click and the 0 key show everything again, Escape only where something is zoomed', async () => {
  const { frame, key } = await open()
  await frame.trigger('dblclick')
  await key('0')
  expect(chart.emitted('reset')).toHaveLength(2)
  await key('Escape')
  expect(chart.emitted('reset')).toHaveLength(2)
  await chart.setProps({ isZoomed: true })
  await key('Escape')
  expect(chart.emitted('reset')).toHaveLength(3)
  const all = chart.findAll('button').find((one) => one.text() === 'Show all')!
  await all.trigger('click')
  expect(chart.emitted('reset')).toHaveLength(4)
})

test('plus halves what is shown around its middle, minus doubles it', async () => {
  const { key } = await open()
  await key('+')
  expect(lastZoom()).toEqual({ x: { from: 100, to: 300 } })
  await key('-')
  expect(lastZoom()).toEqual({ x: { from: -200, to: 600 } })
})

test('arrow keys move the reading from the middle, farther with shift, and stop at the edge', async () => {
  const { key } = await open()
  await key('ArrowRight')
  expect(reading()).toBe('206 10.0')
  await key('ArrowLeft', { shiftKey: true })
  expect(reading()).toBe('166 10.0')
  await key('ArrowUp', { shiftKey: true })
  expect(reading()).toBe('166 25.1') // 10 ** (1 + 40 / 100)
  for (let i = 0; i < 9; i++) await key('ArrowLeft', { shiftKey: true })
  expect(reading()).toMatch(/^0 /)
})

test('keys with Ctrl and keys that mean nothing are left to the window', async () => {
  const { frame } = await open()
  for (const init of [{ key: '0', ctrlKey: true }, { key: 'x' }]) {
    const event = new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true })
    frame.element.dispatchEvent(event)
    expect(event.defaultPrevented).toBe(false)
  }
  expect(chart.emitted('reset')).toBeUndefined()
})

test('a chart opens larger and Escape brings it back', async () => {
  const { key } = await open()
  await chart.get('[aria-label="Open larger"]').trigger('click')
  expect(chart.classes()).toContain('large')
  await key('Escape')
  expect(chart.classes()).not.toContain('large')
})

async function choose(item: string) {
  await chart.get('[data-testid=chart-menu]').trigger('click')
  await flushPromises()
  const found = document.querySelector<HTMLElement>(item.startsWith('save') ? `[data-testid=${item}]` : item)
  found?.click()
  await flushPromises()
  return found
}
const saved = () => {
  const file = chart.emitted('save')?.at(-1)?.[0] as { name: string; type: string; bytes: Uint8Array }
  return { ...file, bytes: new TextDecoder().decode(file.bytes) }
}

test('the menu saves the picture as it is drawn', async () => {
  await open()
  await choose('save-png')
  expect(saved()).toEqual({ name: 'a-loss.png', type: 'image/png', bytes: 'a picture' })
})

test('the menu saves the chart as an SVG document of its own size', async () => {
  await open()
  await choose('save-svg')
  expect(saved()).toMatchObject({ name: 'a-loss.svg', type: 'image/svg+xml' })
  expect(saved().bytes).toMatch(/^<svg width="500" height="260"/)
})

test('a saved picture has its title, its law, its legend, its note and where it is from', async () => {
  await open({
    note: '3 outliers outside the axis',
    caption: {
      title: 'Loss against compute',
      lines: ['L = 2.12 + (C / 5.49×10¹¹)^−0.441'],
      legend: [{ name: '137k', colour: '#7e03a8' }],
      provenance: 'Isoflop 1.2.3 · Demo',
    },
  })
  expect(chart.get('.note').text()).toBe('3 outliers outside the axis')
  await choose('save-svg')
  const { bytes } = saved()
  const said = ['Loss against compute', 'L = 2.12 + (C', '3 outliers outside the axis', '137k', 'Isoflop 1.2.3 · Demo']
  for (const text of said) expect(bytes).toContain(text)
  const [, width, height] = /^<svg width="(\d+)" height="(\d+)"/.exec(bytes)!
  expect([Number(width), Number(height) > 260 + 60]).toEqual([500, true])
})

test('the menu saves a PDF of one page, whose pixels are those of the picture', async () => {
  await open()
  await choose('save-pdf')
  await vi.waitFor(() => expect(chart.emitted('save')).toBeDefined())
  const { name, bytes } = chart.emitted('save')!.at(-1)![0] as { name: string; bytes: Uint8Array }
  const text = Buffer.from(bytes).toString('latin1')
  expect(name).toBe('a-loss.pdf')
  expect(text).toMatch(/^%PDF-1\.4\n/)
  expect(text).toContain('/MediaBox [0 0 375 195]') // 500 x 260 pixels, 96 an inch
  const [before, length] = /^[^]*\/Filter \/FlateDecode \/Length (\d+) >>\nstream\n/.exec(text)!
  const pixels = inflateSync(bytes.subarray(before.length, before.length + Number(length)))
  expect([...pixels]).toEqual([255, 0, 0, 0, 0, 255])
  // the table says where each object begins
  const table = text.slice(Number(/startxref\n(\d+)/.exec(text)![1]))
  const starts = [...table.matchAll(/(\d{10}) 00000 n/g)].map(([, start]) => Number(start))
  expect(starts.map((start, i) => text.startsWith(`${i + 1} 0 obj`, start))).toEqual(Array(6).fill(true))
})

test('a press holds what is read there until the next one', async () => {
  const { pointer, key } = await open()
  await pointer('move', 160, 120)
  await pointer('down', 160, 120)
  await pointer('up', 160, 120)
  await pointer('move', 260, 120)
  expect(reading()).toBe('100 10.0')
  expect(chart.get('.reading').classes()).toContain('pinned')
  await pointer('leave', 0, 0)
  expect(reading()).toBe('100 10.0')
  await pointer('down', 260, 120)
  await pointer('up', 260, 120)
  await pointer('move', 260, 120)
  expect(reading()).toBe('200 10.0')
  await key('Enter')
  await pointer('move', 360, 120)
  expect(reading()).toBe('200 10.0')
  await key('Escape')
  expect(reading()).toBeNull()
})

test('the menu saves the data as CSV where there is any', async () => {
  await open({ csv: () => 'step,loss\n1,2\n' })
  await choose('save-csv')
  expect(saved()).toEqual({ name: 'a-loss.csv', type: 'text/csv', bytes: 'step,loss\n1,2\n' })
})

test('without data no CSV is offered', async () => {
  await open()
  expect(await choose('save-csv')).toBeNull()
  expect(document.querySelector('[data-testid=save-svg]')).not.toBeNull()
})

test('the picture goes to the clipboard', async () => {
  const write = vi.spyOn(navigator.clipboard, 'write').mockResolvedValue()
  await open()
  await choose('[role=menuitem]')
  expect(write.mock.calls[0]![0][0]!.types).toEqual(['image/png'])
  expect(chart.emitted('copied')).toHaveLength(1)
})

test('a picture that the clipboard does not take is a failure with a remedy', async () => {
  vi.spyOn(navigator.clipboard, 'write').mockRejectedValue(new Error('no'))
  await open()
  await choose('[role=menuitem]')
  expect(chart.emitted('failed')?.[0]![0]).toMatch(/Saving it as PNG works/)
  expect(chart.emitted('copied')).toBeUndefined()
})

test('a chart without data says what will stand there and saves nothing', async () => {
  await open({ option: null })
  expect(chart.find('.empty').exists()).toBe(true)
  expect(chart.find('canvas').exists()).toBe(false)
  expect(chart.get('[data-testid=chart-menu]').attributes('disabled')).toBeDefined()
})
