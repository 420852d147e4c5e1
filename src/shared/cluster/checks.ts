// What comes from outside is checked where it enters: records with no unknown keys, numbers that are numbers.
import { quoted } from '../bounds.ts'
import { Fault } from '../fault.ts'

/** Null when the value can be used, else what it must be. */
export type FieldCheck = (value: unknown) => string | null

export const wholeNumber =
  (smallest: number, largest = Number.MAX_SAFE_INTEGER): FieldCheck =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= smallest && (value as number) <= largest
      ? null
      : `must be a whole number from ${smallest}${largest === Number.MAX_SAFE_INTEGER ? '' : ` to ${largest}`}`

export const someText =
  (shortest: number, longest: number): FieldCheck =>
  (value) =>
    typeof value === 'string' && value.length >= shortest && value.length <= longest
      ? null
      : `must be a text of ${shortest} to ${longest} characters`

export const oneOf =
  (...allowed: readonly unknown[]): FieldCheck =>
  (value) =>
    allowed.includes(value) ? null : `must be ${allowed.join(' or ')}`

/** A record whose every key is known and every value passes its check; absent keys take the default, or are missing. */
export function readRecord<T extends object>(
  noun: string,
  given: unknown,
  fields: Record<keyof T, FieldCheck>,
  defaults: Partial<T>,
): T {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new Fault('bad-input', `A ${noun} is a record of named values, not ${quoted(given)}.`)
  const known = Object.keys(fields)
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new Fault('bad-input', `A ${noun} has no field ${quoted(unknown)}. It has: ${known.join(', ')}.`)
  const whole: Record<string, unknown> = {}
  for (const [key, check] of Object.entries(fields) as [keyof T & string, FieldCheck][]) {
    const value = (given as Record<string, unknown>)[key] ?? defaults[key]
    if (value === undefined) throw new Fault('bad-input', `A ${noun} needs "${key}".`)
    const complaint = check(value)
    if (complaint) throw new Fault('bad-input', `A ${noun}'s "${key}" ${complaint}; it is ${quoted(value)}.`)
    whole[key] = value
  }
  return whole as T
}
