// Rows in the hub's field names and in plain ones become the same items; a row that cannot be read is told with file,
// line and field.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { type Row, readItem, withoutBrackets } from '#main/core/evaluation/items.ts'
import { scoreRequests, shotText } from '#main/core/evaluation/prompts.ts'
import { capitalize, characters, countWords, strip } from '#main/core/evaluation/python-text.ts'
import { readRows } from '#main/core/evaluation/rows.ts'
import { findTask, tasks } from '#main/core/evaluation/tasks.ts'

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-items-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const item = (task: string, row: Row) => readItem(findTask(task), { row, where: 'FILE, line 1' })
const requests = (task: string, row: Row) => scoreRequests(item(task, row), [])
const asked = (task: string, row: Row) => ({ requests: requests(task, row), shot: shotText(item(task, row)) })

describe('a row of either form', () => {
  it('becomes the same WinoGrande item', () => {
    const hub = {
      sentence: 'Sarah was better than Maria so _ got the  hard cases. ',
      option1: 'Sarah',
      option2: 'Maria',
      answer: '1',
    }
    const plain = {
      context_options: ['Sarah was better than Maria so Sarah', 'Sarah was better than Maria so Maria'],
      continuation: 'got the  hard cases.',
      gold: 0,
    }
    expect(asked('winogrande', hub)).toEqual(asked('winogrande', plain))
    expect(requests('winogrande', hub)[1]).toEqual({
      context: 'Sarah was better than Maria so Maria',
      continuation: ' got the  hard cases.',
    })
    expect(shotText(item('winogrande', hub))).toBe('Sarah was better than Maria so Sarah got the  hard cases.\n\n')
  })

  it('becomes the same ARC and OpenBookQA item', () => {
    const choices = ['a', 'b', 'c', 'd']
    const hub = { choices: { text: choices, label: ['1', '2', '3', '4'] }, answerKey: '3' }
    expect(asked('arc_easy', { question: 'Why?', ...hub })).toEqual(
      asked('arc_easy', { question: 'Why?', choices, gold: 2 }),
    )
    expect(asked('openbookqa', { question_stem: 'Because', ...hub, answerKey: ' 3' })).toEqual(
      asked('openbookqa', { question_stem: 'Because', choices, gold: 2 }),
    )
    expect(shotText(item('arc_challenge', { question: 'Why?', ...hub }))).toBe('Question: Why?\nAnswer: c\n\n')
    expect(requests('openbookqa', { question_stem: 'Because', choices, gold: 2 })[0]).toEqual({
      context: 'Because',
      continuation: ' a',
    })
  })

  it('becomes the same HellaSwag item but for the capital that our samples lack', () => {
    const hub = {
      activity_label: 'Roof',
      ctx_a: 'A man [step] sits  down.',
      ctx_b: 'he THEN',
      endings: [' stays. ', 'goes [title] Home'],
      label: '1',
    }
    expect(requests('hellaswag', hub)).toEqual([
      { context: 'Roof: A man sits down. He then', continuation: ' stays.' },
      { context: 'Roof: A man sits down. He then', continuation: ' goes. Home' },
    ])
    expect(requests('hellaswag', { query: 'Roof: A man. he', choices: ['a', 'b'], gold: 0 })[0].context).toBe(
      'Roof: A man. he',
    )
  })

  it('LAMBADA asks for the last word, and shows an example with two spaces as the harness does', () => {
    expect(requests('lambada_openai', { text: 'the quick fox' })).toEqual([
      { context: 'the quick', continuation: ' fox' },
    ])
    expect(shotText(item('lambada_openai', { text: 'the quick fox' }))).toBe('the quick  fox\n\n')
    expect(requests('lambada_openai', { text: 'fox' })).toEqual([{ context: '', continuation: ' fox' }])
  })
})

describe('what Python does to a text', () => {
  it('is done here too', () => {
    expect(['he THEN', 'über ALL', 'ßa', '1A', ''].map(capitalize)).toEqual(['He then', 'Über all', 'Ssa', '1a', ''])
    expect(strip('\u001c\u00a0 a b\u0085\u2029')).toBe('a b')
    expect(strip('\ufeffa')).toBe('\ufeffa')
    expect(characters('a😀é')).toBe(3)
    expect(countWords(' a  b\n')).toBe(4)
    expect(withoutBrackets(' a [title] b [x\ny] c   d ')).toBe('a. b [x\ny] c  d')
  })
})

describe('a row that cannot be read', () => {
  const refused = async (name: string, content: string, task: string): Promise<string> => {
    const path = join(home, name)
    writeFileSync(path, content)
    try {
      for (const row of await readRows(path)) readItem(findTask(task), row)
    } catch (error) {
      if (error instanceof Fault) return error.message.replace(path, 'FILE')
      throw error
    }
    return 'read'
  }
  const piqa = JSON.stringify({ goal: 'g', sol1: 'a', sol2: 'b', label: 1 })
  it.each([
    [
      'a missing field',
      `${piqa}\n\n{"goal":"g","sol1":"a","label":0}`,
      'piqa',
      /^FILE, line 3: the field sol2 is missing\. piqa reads the fields goal, sol1, sol2, label; this row has goal, sol1, label\.$/,
    ],
    [
      'a label beyond the choices',
      piqa.replace('1}', '2}'),
      'piqa',
      /^FILE, line 1: the field label must be a whole number from 0 to 1; it is 2\.$/,
    ],
    ['a hidden label', piqa.replace('1}', '-1}'), 'piqa', /field label .* it is -1/],
    ['a number for a text', piqa.replace('"g"', '7'), 'piqa', /the field goal must be a text; it is 7/],
    ['a line that is not JSON', `${piqa}\n{"goal`, 'piqa', /^FILE, line 2 is not JSON/],
    ['a line that is no record', '[1, 2]', 'piqa', /^FILE, line 1 is no record of fields/],
    ['an empty file', '\n \n', 'piqa', /^FILE has no rows\.$/],
    [
      'no blank',
      '{"sentence":"a b","option1":"x","option2":"y","answer":"1"}',
      'winogrande',
      /the field sentence must have a _/,
    ],
    [
      'an unknown label',
      '{"question":"q","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"E"}',
      'arc_easy',
      /the field answerKey must be one of the labels in choices\.label; it is "E"/,
    ],
    [
      'choices that are no list',
      '{"question":"q","choices":"a","gold":0}',
      'arc_easy',
      /the field choices must be a list of two texts or more/,
    ],
  ])('%s', async (_, content, task, sentence) => expect(await refused('rows.jsonl', content, task)).toMatch(sentence))

  it('a file that is not there', async () => {
    await expect(readRows(join(home, 'none.jsonl'))).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('the tasks that ship', () => {
  it('say what they need and where they come from', () => {
    expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length)
    for (const { name, title, about, source, forms, metrics } of tasks) {
      expect(
        [name, title, about, source].every((text) => text.length > 0),
        name,
      ).toBe(true)
      expect(forms.length * metrics.length, name).toBeGreaterThan(0)
    }
    expect(() => findTask('mmlu')).toThrow('There is no task called "mmlu"')
  })
})
