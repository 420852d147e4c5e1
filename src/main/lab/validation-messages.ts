// What a schema finds wrong, as a sentence's end: what the field must be, and what came instead.
import type { core } from 'zod'

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a record',
  record: 'a record',
  null: 'null',
  nan: 'a number',
}

/** `must be a whole number from 1 to 8; it is 12`. `root` is the value the schema was given. */
export function describeIssue(issue: core.$ZodIssue, root: unknown): string {
  if (/^must\b/.test(issue.message)) return issue.message.replace(/\.$/, '') // the schema's own sentence
  const value = issue.path.reduce<unknown>(
    (inside, key) => (inside as Record<PropertyKey, unknown> | null | undefined)?.[key],
    root,
  )
  if (issue.code === 'unrecognized_keys') return `has ${listed(issue.keys)}, which nothing here is called`
  const came = value === undefined ? 'is missing' : `is ${shown(value)}`
  return `${wantedOf(issue, value)}; it ${came}`
}

function wantedOf(issue: core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map((one) => JSON.stringify(one)).join(' or ')}`
    case 'invalid_union':
      return issue.discriminator === undefined ? 'must be of a known kind' : `must have a known ${issue.discriminator}`
    case 'too_small':
      return bound(issue.origin, issue.minimum, issue.inclusive === false ? 'above' : 'at least', value)
    case 'too_big':
      return bound(issue.origin, issue.maximum, issue.inclusive === false ? 'below' : 'at most', value)
    default:
      return 'cannot be used'
  }
}

function bound(origin: string, limit: number | bigint, how: string, value: unknown): string {
  if (origin === 'string') return `must have ${how} ${limit} characters (it has ${String(value).length})`
  if (origin === 'array' || origin === 'set') return `must have ${how} ${limit} entries`
  return `must be ${how} ${limit}`
}

function listed(keys: readonly string[]): string {
  const more = keys.length - 3
  return keys.slice(0, 3).map(shown).join(' and ') + (more > 0 ? ` and ${more} more` : '')
}

/** Short enough for a sentence. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'a record'
  const text = typeof value === 'string' ? `“${value}”` : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…${typeof value === 'string' ? '”' : ''}` : text
}
