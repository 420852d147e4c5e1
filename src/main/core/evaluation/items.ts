// From the rows of a file to the items of a task, whichever of the task's forms they have.
import type { GoldRule, RowForm, TaskKind, TaskRecord } from '#shared/evaluation/task.ts'
import { shortened } from '#shared/bounds.ts'
import { Fault } from '#shared/fault.ts'
import { capitalize, strip, stripStart } from './python-text.ts'
import { withoutWikiTextSpaces } from './wikitext.ts'

export type Row = Record<string, unknown>

/** A row and where it stands, for a person to find it: "FILE, line 3". */
export interface PlacedRow {
  row: Row
  where: string
}

export type Item = { where: string; row: Row } & (
  | { kind: 'choices'; context: string; choices: string[]; gold: number }
  | { kind: 'contexts'; contexts: string[]; continuation: string; gold: number }
  | { kind: 'last-word'; context: string; word: string }
  /** `counted`: the text whose words and bytes divide its nats, where that is not `text` itself. */
  | { kind: 'text'; text: string; counted?: string }
)

/** The item of a row. A field that is missing or cannot be used is a Fault with file, line and field. */
export function readItem(task: TaskRecord, { row, where }: PlacedRow): Item {
  const form = chooseForm(task, row, where)
  const reader = createReader(form, row, where)
  switch (task.kind) {
    case 'choices': {
      const context = reader.fill(form.context!)
      const choices = typeof form.choices === 'string' ? reader.texts(form.choices) : form.choices!.map(reader.fill)
      return {
        kind: 'choices',
        where,
        row,
        context: reader.clean(context),
        choices: choices.map(reader.clean),
        gold: reader.gold(form.gold!, choices.length),
      }
    }
    case 'contexts': {
      if (form.blank) {
        const { contexts, continuation } = reader.split(form.blank)
        return { kind: 'contexts', where, row, contexts, continuation, gold: reader.gold(form.gold!, contexts.length) }
      }
      const contexts = reader.texts(form.contexts!)
      return {
        kind: 'contexts',
        where,
        row,
        contexts,
        continuation: reader.fill(form.continuation!),
        gold: reader.gold(form.gold!, contexts.length),
      }
    }
    case 'last-word': {
      const words = reader.fill(form.context!).split(' ')
      return {
        kind: 'last-word',
        where,
        row,
        context: words.slice(0, -1).join(' '),
        word: ` ${words[words.length - 1]}`,
      }
    }
    case 'text': {
      const text = reader.fill(form.context!)
      return form.clean === 'wikitext'
        ? { kind: 'text', where, row, text: withoutWikiTextSpaces(text), counted: text }
        : { kind: 'text', where, row, text }
    }
  }
}

/**
 * `{field}` or `{field|change}` of a template. A brace that begins neither matches without an end, up to where one
 * could have been: nobody looks twice at what follows it.
 */
const slot = /\{([^}|]*)(\|\w+\}|\})?/g

const namesIn = (template: string): string[] =>
  [...template.matchAll(slot)].flatMap(([, name, end]) => (name && end ? [name] : []))

/** The fields a form needs. */
function fieldsOf(form: RowForm, kind: TaskKind): string[] {
  const templates = [form.context, form.continuation, ...(Array.isArray(form.choices) ? form.choices : [])].filter(
    (one): one is string => one !== undefined,
  )
  const fields = [
    ...templates.flatMap(namesIn),
    ...(typeof form.choices === 'string' ? [form.choices] : []),
    ...(form.contexts ? [form.contexts] : []),
    ...(form.blank ? [form.blank.sentence, ...form.blank.options] : []),
    ...(kind === 'choices' || kind === 'contexts' ? goldFields(form.gold!) : []),
  ]
  return [...new Set(fields)]
}

const goldFields = (rule: GoldRule): string[] =>
  'always' in rule ? [] : [rule.field, ...(rule.in === undefined ? [] : [rule.in])]

/** The form all of whose fields the row has, else a Fault about the one it comes closest to. */
function chooseForm({ name, forms, kind }: TaskRecord, row: Row, where: string): RowForm {
  const missing = forms.map((form) => fieldsOf(form, kind).filter((field) => valueAt(row, field) === undefined))
  const whole = missing.findIndex((fields) => fields.length === 0)
  if (whole >= 0) return forms[whole]
  const share = (i: number) => missing[i].length / fieldsOf(forms[i], kind).length
  const closest = forms.map((_, i) => i).reduce((best, i) => (share(i) < share(best) ? i : best), 0)
  const ways = forms.map((form) => fieldsOf(form, kind).join(', ')).join('; or ')
  const has = shortened(Object.keys(row).join(', '), 200) || 'none'
  throw new Fault(
    'bad-input',
    `${where}: the field ${missing[closest][0]} is missing. ${name} reads the fields ${ways}; this row has ${has}.`,
  )
}

function valueAt(row: Row, path: string): unknown {
  if (path in row) return row[path]
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row)[key] : undefined,
      row,
    )
}

function createReader(form: RowForm, row: Row, where: string) {
  const wrong = (field: string, what: string) =>
    new Fault('bad-input', `${where}: the field ${field} ${what}; it is ${excerpt(valueAt(row, field))}.`)
  const text = (field: string): string => {
    const value = valueAt(row, field)
    if (typeof value !== 'string') throw wrong(field, 'must be a text')
    return value
  }
  return {
    fill: (template: string): string =>
      template.replace(slot, (whole, field: string, end?: string) => {
        if (!field || !end) return whole
        return end === '|capitalize}'
          ? capitalize(text(field))
          : end === '|lstrip}'
            ? stripStart(text(field))
            : text(field)
      }),
    texts(field: string): string[] {
      const value = valueAt(row, field)
      if (!Array.isArray(value) || value.length < 2 || value.some((one) => typeof one !== 'string'))
        throw wrong(field, 'must be a list of two texts or more')
      return value as string[]
    },
    clean: (value: string): string => (form.clean === 'brackets' ? withoutBrackets(value) : value),
    /** What stands before the blank with each option, and what follows it. */
    split({ sentence, options }: NonNullable<RowForm['blank']>): { contexts: string[]; continuation: string } {
      const whole = text(sentence)
      const at = whole.indexOf('_')
      if (at < 0) throw wrong(sentence, 'must have a _ where a name is missing')
      return {
        contexts: options.map((option) => whole.slice(0, at) + text(option)),
        continuation: strip(whole.slice(at + 1)),
      }
    },
    gold(rule: GoldRule, choices: number): number {
      if ('always' in rule) return rule.always
      const { field, from = 0, in: labels } = rule
      const value = valueAt(row, field)
      if (labels !== undefined) {
        const list = valueAt(row, labels)
        const at = Array.isArray(list) && typeof value === 'string' ? list.indexOf(value.replace(/^\s+/, '')) : -1
        if (at < 0 || at >= choices) throw wrong(field, `must be one of the labels in ${labels}`)
        return at
      }
      const isNumeral = typeof value === 'string' && /^\d+$/.test(value)
      const number = isNumeral || typeof value === 'boolean' ? Number(value) : value
      if (!Number.isInteger(number) || (number as number) < from || (number as number) >= from + choices) {
        throw wrong(field, `must be a whole number from ${from} to ${from + choices - 1}`)
      }
      return (number as number) - from
    },
  }
}

/**
 * HellaSwag's cleaning, lm_eval/tasks/hellaswag/utils.py: a single pass of each. A bracket that its line does not close
 * stays, with the rest of the line: nothing behind it closes either.
 */
export const withoutBrackets = (text: string): string =>
  strip(text)
    .replaceAll(' [title]', '. ')
    .replace(/\[[^\n\]]*(\])?/g, (whole, end?: string) => (end ? '' : whole))
    .replaceAll('  ', ' ')

function excerpt(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
