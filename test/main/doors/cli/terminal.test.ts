// Standard output carries the document and nothing else, whoever else prints.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTerminal } from '#main/doors/cli/terminal.ts'

let out: string
let err: string
beforeEach(() => {
  out = err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.stdout.removeAllListeners('error')
  process.stderr.removeAllListeners('error')
})

it('what a library prints goes to standard error when a document is asked for', () => {
  const terminal = createTerminal({ isJson: true })
  process.stdout.write('chatter\n')
  terminal.note('on the way')
  terminal.answer({ document: { a: 1 }, text: 'for a person' })
  process.stdout.write('more chatter\n')
  expect(JSON.parse(out)).toEqual({ a: 1 })
  expect(err).toBe('chatter\non the way\nmore chatter\n')
})

it('a person gets the text, and a failure as one sentence', () => {
  const terminal = createTerminal({ isJson: false })
  terminal.answer({ document: { a: 1 }, text: 'for a person' })
  terminal.fail({ code: 'not-found', message: 'There is none.', details: 'a stack' })
  expect(out).toBe('for a person\n')
  expect(err).toBe('There is none.\n')
})

it('a failure is a document too, where one was asked for', () => {
  createTerminal({ isJson: true }).fail({ code: 'not-found', message: 'There is none.', details: 'a stack' })
  expect(JSON.parse(out)).toEqual({ error: { code: 'not-found', message: 'There is none.' } })
  expect(err).toBe('There is none.\n')
})

it('progress in a log is a line now and then, not one for each step', () => {
  const terminal = createTerminal({ isJson: false })
  for (let step = 0; step < 1000; step++) terminal.progress(`step ${step}`)
  expect(err).toBe('step 0\n')
})

it('a name cannot command the terminal or turn a line round', () => {
  const name = 'a\u001b[31mRED\u001b]0;title\u0007\rX\u009b2J\u202egnp.exe'
  const terminal = createTerminal({ isJson: false })
  terminal.note(name)
  terminal.progress(`${name}\nsecond`)
  terminal.fail({ code: 'failed', message: name })
  terminal.answer({ document: {}, text: `${name}\n\tkept` })
  expect(out + err).not.toMatch(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u)
  expect(out).toBe('a[31mRED]0;titleX2Jgnp.exe\n\tkept\n')
  expect(err.split('\n')[1]).toMatch(/ second$/)
})

it('a document says the same name, escaped', () => {
  const name = 'a\u001b[31m\u009b2J\u202e'
  createTerminal({ isJson: true }).answer({ document: { name }, text: '' })
  expect(out).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
  expect(JSON.parse(out)).toEqual({ name })
})

it('there is one document, even where an interrupt comes after the answer', () => {
  const terminal = createTerminal({ isJson: true })
  terminal.answer({ document: { a: 1 }, text: '' })
  terminal.fail({ code: 'cancelled', message: 'Ended at once.' })
  expect(JSON.parse(out)).toEqual({ a: 1 })
})
