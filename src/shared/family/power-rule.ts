// A rule of a recipe in the form of Step Law (Li et al. 2025, arXiv 2503.04715), as a person reads and writes it:
// `1.79 N^-0.713 D^0.307`.
import { rounded } from '../numbers.ts'

/** coefficient · N^size · D^tokens, N a model's parameters and D its training tokens. */
export interface PowerRule {
  coefficient: number
  size: number
  tokens: number
}

export const powerAt = ({ coefficient, size, tokens }: PowerRule, parameters: number, data: number): number =>
  coefficient * parameters ** size * data ** tokens

const written = /^(\d[\d.]*(?:e[+-]?\d+)?)(?:\s*N\^(-?[\d.]+(?:e[+-]?\d+)?))?(?:\s*D\^(-?[\d.]+(?:e[+-]?\d+)?))?$/i

/** Null where the text is no such rule, or not of a number above 0. */
export function parsePowerRule(text: string): PowerRule | null {
  const [, ...parts] = written.exec(text.trim().replaceAll('−', '-')) ?? []
  const [coefficient = Number.NaN, size, tokens] = parts.map((part?: string) => (part === undefined ? 0 : Number(part)))
  const isRule = coefficient > 0 && Number.isFinite(coefficient + size! + tokens!)
  return isRule ? { coefficient, size: size!, tokens: tokens! } : null
}

/** To four digits, which move no rate by more than a few thousandths between a thousand and a billion. */
export function powerRuleText({ coefficient, size, tokens }: PowerRule, digits = 4): string {
  const power = (letter: string, exponent: number) => (exponent === 0 ? [] : [`${letter}^${rounded(exponent, digits)}`])
  return [String(rounded(coefficient, digits)), ...power('N', size), ...power('D', tokens)].join(' ')
}
