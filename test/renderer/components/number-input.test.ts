// @vitest-environment happy-dom
// A number a person types: what is understood is handed on once, what is not stays in the field and says why.
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import NumberInput from '#renderer/components/NumberInput.vue'

const open = (props: object = {}) => mount(NumberInput, { props: { label: 'Budget', value: 5, ...props } })

async function type(field: ReturnType<typeof open>, text: string) {
  const input = field.get('input')
  ;(input.element as HTMLInputElement).value = text
  await input.trigger('input')
  await input.trigger('change')
}

test('the field shows the number it is given, in the form it is given', () => {
  expect(open().get('input').element.value).toBe('5')
  expect(open({ value: 1500, format: (value: number) => `${value / 1000} k` }).get('input').element.value).toBe('1.5 k')
  expect(open({ value: null, placeholder: 'auto' }).get('input').element.value).toBe('')
})

test.each([
  ['1e15', 1e15],
  ['3.5M', 3.5e6],
  ['1,000', 1000],
])('%s is understood as %d', async (text, value) => {
  const field = open()
  await type(field, text)
  expect(field.emitted('change')).toEqual([[value]])
})

test('a number that is the same as before changes nothing', async () => {
  const field = open()
  await type(field, '5.0')
  expect(field.emitted('change')).toBeUndefined()
  expect(field.get('input').element.value).toBe('5')
})

test.each([
  ['a word', {}, 'many', /many/],
  ['nothing where a number is required', {}, ' ', /number is needed/],
  ['a fraction where a whole number is asked', { isWhole: true }, '2.5', /whole number/],
  ['less than the least', { from: 2 }, '1', /At least 2/],
  ['more than the most', { to: 9 }, '10', /At most 9/],
  ['what lies outside both bounds', { from: 2, to: 9 }, '10', /From 2 to 9/],
])('%s stays in the field, is marked as wrong and says why', async (_, props, text, reason) => {
  const field = open(props)
  await type(field, text)
  const input = field.get('input')
  expect(field.emitted('change')).toBeUndefined()
  expect(input.element.value).toBe(text)
  expect(input.attributes('aria-invalid')).toBe('true')
  expect(document.getElementById(input.attributes('aria-describedby')!)?.textContent).toMatch(reason)
  await input.trigger('keydown', { key: 'Escape' })
  expect(input.element.value).toBe('5')
  expect(document.querySelector('[role=tooltip]')).toBeNull()
})

test('an empty field means what its placeholder says', async () => {
  const field = open({ placeholder: 'auto' })
  await type(field, '')
  expect(field.emitted('change')).toEqual([[null]])
})

test('Enter hands the number on and Escape takes the typing back', async () => {
  const field = open()
  const input = field.get('input')
  input.element.value = '7'
  await input.trigger('input')
  await input.trigger('keydown', { key: 'Escape' })
  expect(input.element.value).toBe('5')
  input.element.value = '8'
  await input.trigger('input')
  await input.trigger('keydown', { key: 'Enter' })
  expect(field.emitted('change')).toEqual([[8]])
})

test('a wrong number survives a change from outside, a right one gives way to it', async () => {
  const field = open()
  await type(field, 'many')
  await field.setProps({ value: 6 })
  expect(field.get('input').element.value).toBe('many')
  await type(field, '7')
  await field.setProps({ value: 7 })
  expect(field.get('input').element.value).toBe('7')
})
