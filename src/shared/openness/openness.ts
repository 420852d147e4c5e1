// What of a model or a family is open, and how it was trained: one record, every cell with its source.
import { Fault } from '../fault.ts'

/** What may be open, in the order in which it is shown. */
export const opennessAspects = ['weights', 'data', 'code', 'recipe', 'checkpoints', 'licence', 'evaluations'] as const
export type OpennessAspect = (typeof opennessAspects)[number]

export const aspectWords: Record<OpennessAspect, { name: string; about: string }> = {
  weights: { name: 'Weights', about: 'Whether anyone may download the trained weights.' },
  data: { name: 'Data', about: 'Whether the training data can be had, not only its description.' },
  code: {
    name: 'Code',
    about: 'Whether the code that trained it is public; code for inference alone is a part of it.',
  },
  recipe: { name: 'Recipe', about: 'Whether shapes, learning rates, batches and schedule are published.' },
  checkpoints: { name: 'Checkpoints', about: 'Whether weights from along the training are public.' },
  licence: { name: 'License', about: 'Whether the license lets anyone use the weights for any purpose.' },
  evaluations: { name: 'Evaluations', about: 'Whether scores and how they were taken are published.' },
}

export const opennessAnswers = ['yes', 'partly', 'no'] as const
export type OpennessAnswer = (typeof opennessAnswers)[number]

export interface OpennessCell {
  answer: OpennessAnswer
  /** What exactly, in a few words. */
  note: string
  /** Paper, model card or repository that says so. */
  source: string
}

/** A size of a family: all its parameters, and the tokens it was trained on. */
export interface TrainedSize {
  name: string
  parameters: number
  tokens: number
}

export interface OpennessRow {
  id: string
  name: string
  by: string
  year: number
  /** An aspect without a source has no cell. */
  cells: Partial<Record<OpennessAspect, OpennessCell>>
  /** null where sizes or tokens are not published. */
  training: { sizes: TrainedSize[]; source: string } | null
}

export interface OpennessEntry {
  row: OpennessRow
  /** Added by a person, kept in the lab. */
  isOwn: boolean
}

export interface OpennessCatalogue {
  rows: OpennessEntry[]
  /** Files of a person's own that could not be read. */
  problems: { file: string; message: string }[]
}

/** Tokens per parameter of a compute-optimal training (Hoffmann et al. 2022, as Dey et al. 2023 used it). */
export const optimalRatio = 20
/** How far from it a training may be and still count as compute-optimal here. */
const tolerance = 0.1

export type Allocation = 'compute-optimal' | 'fewer tokens' | 'more tokens' | 'differs by size'

export interface TrainedOn {
  /** Tokens per parameter, of the size with the fewest and with the most. */
  least: number
  most: number
  allocation: Allocation
}

/** Tokens per parameter over all sizes, beside 20; null where nothing is published. */
export function trainedOn({ training }: Pick<OpennessRow, 'training'>): TrainedOn | null {
  if (!training) return null
  const ratios = training.sizes.map(({ parameters, tokens }) => tokens / parameters)
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)]
  const [low, high] = [optimalRatio * (1 - tolerance), optimalRatio * (1 + tolerance)]
  const allocation =
    least >= low && most <= high
      ? 'compute-optimal'
      : most < low
        ? 'fewer tokens'
        : least > high
          ? 'more tokens'
          : 'differs by size'
  return { least, most, allocation }
}

const ratioText = (ratio: number): string => (ratio < 10 ? ratio.toPrecision(2) : String(Math.round(ratio)))

/** `20 tokens/param, compute-optimal`; `1.7 to 2400 tokens/param, differs by size`. */
export function trainedOnText(row: Pick<OpennessRow, 'training'>): string {
  const known = trainedOn(row)
  if (!known) return 'not published'
  const [least, most] = [ratioText(known.least), ratioText(known.most)]
  return `${least === most ? least : `${least} to ${most}`} tokens/param, ${known.allocation}`
}

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= longest
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const possibleId = /^[a-z0-9][a-z0-9.-]{0,59}$/

/** A row from a file, checked whole: Fault `bad-input` names what is wrong. */
export function readOpennessRow(given: unknown): OpennessRow {
  if (!isRecord(given))
    throw new Fault('bad-input', 'A row of openness is a record with id, name, by, year, cells and training.')
  const { id, name, by, year, cells, training } = given
  const refuse = (sentence: string): never => {
    throw new Fault('bad-input', `Openness of ${isText(id, 60) ? id : '(no id)'}: ${sentence}`)
  }
  const odd = Object.keys(given).find((key) => !['id', 'name', 'by', 'year', 'cells', 'training'].includes(key))
  if (odd !== undefined) refuse(`there is no field "${odd.slice(0, 60)}".`)
  if (!isText(id, 60) || !possibleId.test(id))
    return refuse('its id is made of small letters, digits, dots and hyphens, at most 60.')
  if (!isText(name, 80) || !isText(by, 80)) return refuse('it needs a name and, as "by", who made it.')
  if (typeof year !== 'number' || !Number.isInteger(year) || year < 1950 || year > 2100)
    return refuse('its year is a whole number like 2023.')
  if (!isRecord(cells)) return refuse(`its cells are a record of ${opennessAspects.join(', ')}.`)
  const read: OpennessRow = { id, name, by, year, cells: {}, training: null }
  for (const [aspect, cell] of Object.entries(cells)) {
    const known = opennessAspects.find((one) => one === aspect)
    if (!known) return refuse(`there is no cell "${aspect.slice(0, 60)}". There are: ${opennessAspects.join(', ')}.`)
    read.cells[known] = readCell(known, cell, refuse)
  }
  if (training !== null && training !== undefined) read.training = readTraining(training, refuse)
  return read
}

function readCell(aspect: OpennessAspect, cell: unknown, refuse: (sentence: string) => never): OpennessCell {
  if (!isRecord(cell)) return refuse(`"${aspect}" is a record of answer, note and source.`)
  const { answer, note, source } = cell
  const known = opennessAnswers.find((one) => one === answer)
  if (!known) return refuse(`"${aspect}" is answered by ${opennessAnswers.join(', ')}.`)
  if (!isText(note, 300)) return refuse(`"${aspect}" needs a note of at most 300 characters.`)
  if (!isText(source, 500)) return refuse(`"${aspect}" needs a source: a paper, a model card or a repository.`)
  return { answer: known, note, source }
}

function readTraining(given: unknown, refuse: (sentence: string) => never): NonNullable<OpennessRow['training']> {
  if (!isRecord(given) || !Array.isArray(given['sizes']) || given['sizes'].length === 0 || given['sizes'].length > 100)
    return refuse('its training is null, or a record of 1 to 100 sizes and a source.')
  if (!isText(given['source'], 500)) return refuse('its training needs a source.')
  const sizes = given['sizes'].map((size: unknown): TrainedSize => {
    const { name, parameters, tokens } = isRecord(size) ? size : {}
    const isCount = (value: unknown): value is number =>
      typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    if (!isText(name, 40) || !isCount(parameters) || !isCount(tokens))
      return refuse('each size needs a name, and parameters and tokens as whole numbers above 0.')
    return { name, parameters, tokens }
  })
  return { sizes, source: given['source'] }
}
