// @vitest-environment happy-dom
// The sliders and the segmented choice: what a key or a press makes of the value.
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { nextTick } from 'vue'
import LogSlider from '#renderer/components/LogSlider.vue'
import SegmentedChoice from '#renderer/components/SegmentedChoice.vue'
import StepSlider from '#renderer/components/StepSlider.vue'

type Mounted = ReturnType<typeof mount>
const thumb = (slider: Mounted) => slider.get('[role=slider]')
const press = async (slider: Mounted, key: string) => {
  await slider.get('.slider').trigger('keydown', { key })
  return slider.emitted('update:modelValue')?.at(-1)?.[0]
}

const logSlider = (props: object = {}) =>
  mount(LogSlider, {
    props: { label: 'Compute', from: 1e12, to: 1e15, text: '1 PFLOP', modelValue: 1e13, ...props },
    attachTo: document.body,
  })

test('a logarithmic slider moves by a step of its decade, in three digits', async () => {
  const slider = logSlider()
  expect(await press(slider, 'ArrowRight')).toBe(1.06e13) // 10 ** (13 + 1/40)
  expect(await press(logSlider({ stepsPerDecade: 1 }), 'ArrowRight')).toBe(1e14)
})

test('a logarithmic slider ends where it is told to', async () => {
  expect(await press(logSlider(), 'Home')).toBe(1e12)
  expect(await press(logSlider(), 'End')).toBe(1e15)
  const beyond = logSlider({ modelValue: 1e30 })
  await nextTick()
  expect(thumb(beyond).attributes('aria-valuenow')).toBe('600') // 40 log10(1e15)
})

test('a logarithmic slider without a value yet stands at its least', async () => {
  const slider = logSlider({ modelValue: 0 })
  await nextTick() // the thumb learns its bounds once it stands in the page
  expect(thumb(slider).attributes('aria-valuemin')).toBe('480') // 40 log10(1e12)
  expect(thumb(slider).attributes('aria-valuenow')).toBe(thumb(slider).attributes('aria-valuemin'))
})

test('a slider says its label and its value in words', () => {
  expect(thumb(logSlider()).attributes()).toMatchObject({ 'aria-label': 'Compute', 'aria-valuetext': '1 PFLOP' })
})

test('a key settles the slider, so that what is dear to compute waits for it', async () => {
  const slider = logSlider()
  await press(slider, 'ArrowLeft')
  expect(slider.emitted('settle')).toHaveLength(1)
})

test('a disabled slider does not move', async () => {
  expect(await press(logSlider({ disabled: true }), 'ArrowRight')).toBeUndefined()
})

const stepSlider = (modelValue: number, props: object = {}) =>
  mount(StepSlider, { props: { label: 'Systems', steps: [1, 2, 4, 8, 16], modelValue, ...props } })

test('a slider over given numbers goes from one to the next', async () => {
  expect(await press(stepSlider(4), 'ArrowRight')).toBe(8)
  expect(await press(stepSlider(4), 'ArrowLeft')).toBe(2)
  expect(await press(stepSlider(4), 'End')).toBe(16)
})

test('a number that is not given stands at the nearest one that is', () => {
  expect(thumb(stepSlider(7)).attributes('aria-valuetext')).toBe('8')
  expect(thumb(stepSlider(100)).attributes('aria-valuetext')).toBe('16')
  expect(thumb(stepSlider(100, { text: 'sixteen' })).attributes('aria-valuetext')).toBe('sixteen')
})

const choice = (modelValue: string) =>
  mount(SegmentedChoice, {
    props: {
      label: 'Scale',
      modelValue,
      options: [
        { value: 'log', text: 'Log', title: 'Powers of ten' },
        { value: 'linear', text: 'Linear' },
        { value: 'none', text: 'None', disabled: true },
      ],
    },
  })

test('a segmented choice shows all options and marks the chosen one', () => {
  const options = choice('linear').findAll('button')
  expect(options.map((one) => one.text())).toEqual(['Log', 'Linear', 'None'])
  expect(options.map((one) => one.attributes('data-state'))).toEqual(['off', 'on', 'off'])
  expect(options[0].attributes('title')).toBe('Powers of ten')
})

test('pressing another option chooses it, pressing the chosen one keeps it, a disabled one does nothing', async () => {
  const one = choice('log')
  const [log, linear, none] = one.findAll('button')
  await log.trigger('click')
  expect(one.emitted('update:modelValue')).toBeUndefined()
  await none.trigger('click')
  expect(one.emitted('update:modelValue')).toBeUndefined()
  await linear.trigger('click')
  expect(one.emitted('update:modelValue')).toEqual([['linear']])
})
