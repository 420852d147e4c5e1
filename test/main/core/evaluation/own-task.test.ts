// A task out of a person's file: the example of the docs, and every way in which a file can be wrong.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readItem } from '#main/core/evaluation/items.ts'
import { readOwnTask } from '#main/core/evaluation/own-task.ts'
import { scoreRequests } from '#main/core/evaluation/prompts.ts'

const example = /```json\n(\{\n {2}"name": "capitals"[\s\S]*?)\n```/.exec(
  readFileSync('docs/evaluation.md', 'utf8'),
)![1]
let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isoflop-own-task-'))
  path = join(folder, 'task.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (changes: object = {}) => writeFileSync(path, JSON.stringify({ ...JSON.parse(example), ...changes }))
const read = (changes: object = {}) => {
  write(changes)
  return readOwnTask(path)
}
const refusal = async (changes: object = {}): Promise<string> =>
  read(changes).then(
    () => 'it was taken',
    (error: Error) => error.message.replace(path, 'FILE'),
  )

describe('a task of one’s own', () => {
  it('is asked as the docs say', async () => {
    writeFileSync(path, example)
    const { record, shots, rows } = await readOwnTask(path)
    expect(record).toMatchObject({
      title: 'Capitals',
      kind: 'choices',
      metrics: ['acc', 'acc_norm', 'answer_bits_per_byte'],
    })
    expect(record.chance).toBeCloseTo(1 / 3)
    expect(shots).toBe(1)
    const item = readItem(record, rows[1])
    expect(item).toMatchObject({ gold: 1 })
    expect(scoreRequests(item, [readItem(record, rows[0])])[1]).toEqual({
      context: 'The capital of France is Paris\n\nThe capital of Austria is',
      continuation: ' Vienna',
    })
  })

  it('goes by its content: words for people change nothing, rows and templates make another task', async () => {
    const { record } = await read()
    expect(record.name).toMatch(/^capitals\.[0-9a-f]{8}$/)
    expect((await read({ title: 'Other', about: 'Words.', metric: 'acc_norm' })).record.name).toBe(record.name)
    expect((await read({ context: '{country}:' })).record.name).not.toBe(record.name)
    expect((await read({ rows: JSON.parse(example).rows.slice(1) })).record.name).not.toBe(record.name)
  })

  it('takes templates for choices, answers out of a list, and rows beside it', async () => {
    const lines = [
      '{"q":"2 + 2 =","a":"4","b":"5","right":"4","all":["4","5"]}',
      '{"q":"1 + 1 =","a":"3","b":"2","right":"2","all":["3","2"]}',
    ]
    writeFileSync(join(folder, 'rows.jsonl'), lines.join('\n'))
    const { record, rows } = await read({
      context: '{q}',
      choices: ['{a}', '{b}'],
      answer: { field: 'right', in: 'all' },
      metric: 'answer_bits_per_byte',
      rows: 'rows.jsonl',
    })
    expect(record.metrics[0]).toBe('answer_bits_per_byte')
    expect(rows.map((row) => readItem(record, row))).toMatchObject([{ gold: 0 }, { gold: 1, choices: ['3', '2'] }])
  })

  it('may be a text', async () => {
    const given = { name: 'mine', kind: 'text', context: '{t}', rows: [{ t: 'One.' }, { t: 'Two.' }] }
    writeFileSync(path, JSON.stringify(given))
    const { record, rows } = await readOwnTask(path)
    expect(record).toMatchObject({
      kind: 'text',
      chance: null,
      metrics: ['bits_per_byte', 'byte_perplexity', 'word_perplexity'],
    })
    expect(readItem(record, rows[1])).toMatchObject({ kind: 'text', text: 'Two.' })
  })

  it.each([
    [{ name: 'Big Name' }, /^FILE: name must be up to 40 small letters.*; it is "Big Name"\.$/],
    [{ name: undefined }, /^FILE: name must be a text; it is "missing"\.$/],
    [{ kind: 'quiz' }, /^FILE: kind must be "choices" or "text"; it is "quiz"\.$/],
    [{ contxt: 'x' }, /^FILE: there is no field "contxt"\. A task has name, title/],
    [{ choices: ['{a}'] }, /^FILE: choices must be the field that lists them/],
    [{ answer: null }, /^FILE: answer must be the field with the number/],
    [{ answer: { field: 'right', of: 1 } }, /^FILE: answer must be the field/],
    [{ metric: 'f1' }, /^FILE: metric must be one of acc, acc_norm, answer_bits_per_byte; it is "f1"\.$/],
    [{ shots: -1 }, /^FILE: shots must be a whole number from 0 to 100; it is -1\.$/],
    [{ kind: 'text', metric: 'bits_per_byte' }, /^FILE: shots must be 0: a text has no examples/],
    [{ rows: [] }, /^FILE: rows must be a list of records/],
    [{ rows: ['Paris'] }, /^FILE, row 1 is no record of fields; it is "Paris"\.$/],
    [
      { rows: [{ country: 'France', cities: ['Paris', 'Lyon'], right: 2 }] },
      /^FILE, row 1: the field right must be a whole number from 0 to 1; it is 2\.$/,
    ],
    [{ rows: [{ country: 'France', cities: ['Paris', ' '], right: 0 }] }, /^FILE, row 1: choice 2 is empty\.$/],
    [{ rows: [{ cities: ['Paris', 'Lyon'], right: 0 }] }, /^FILE, row 1: the field country is missing/],
    [{ answer: 3 }, /^FILE, row 1: answer says choice 3, counted from 0, and there are 3\.$/],
    [{ rows: 'nowhere.jsonl' }, /nowhere\.jsonl/],
  ])('refuses %j in a sentence', async (changes, sentence) => {
    expect(await refusal(changes)).toMatch(sentence)
  })

  it('refuses what is no JSON, and what is no object', async () => {
    writeFileSync(path, '{"name": ')
    await expect(readOwnTask(path)).rejects.toThrow(/holds no JSON/)
    writeFileSync(path, '[]')
    await expect(readOwnTask(path)).rejects.toThrow(/is no task: a task is one JSON object/)
  })
})
