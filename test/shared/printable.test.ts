// Names from anywhere, as a terminal, a list and a sentence may show them.
import { expect, it } from 'vitest'
import { listed, oneLine, printable } from '#shared/printable.ts'

it('takes out what commands a terminal or turns a line, and keeps what people write', () => {
  expect(printable('a\u001b[31mb\u009bc\u202ed\u2066e\u007ff')).toBe('a[31mbcdef')
  expect(printable('лаб №1 👩‍🔬\n\té')).toBe('лаб №1 👩‍🔬\n\té')
  expect(oneLine('a\r\nb\tc\u2028d')).toBe('a b c d')
})

it('lists as many names as a sentence has room for, and counts those it leaves out', () => {
  expect(listed(['a', 'b'])).toBe('a, b')
  expect(listed([])).toBe('')
  const many = Array.from({ length: 100 }, (_, i) => `name-${i}`)
  expect(listed(many).length).toBeLessThan(230)
  expect(listed(many)).toMatch(/^name-0, name-1, .*, … \(100 in all\)$/)
})
