// The row of openness of one's own study or of a model exported from it: what the lab knows of it, and no more.
import type { Corpus } from '../corpus.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import { plural } from '../numbers.ts'
import type { RunSummary } from '../run.ts'
import {
  aspectWords,
  opennessAspects,
  trainedOnText,
  type OpennessCell,
  type OpennessRow,
  type TrainedSize,
} from './openness.ts'

/** A row without whose it is. */
export type OwnOpenness = Pick<OpennessRow, 'cells' | 'training'>

/** What the lab knows. */
export interface OwnFacts {
  /** Of Isoflop. */
  version: string
  /** null where it is not in the lab any more; `source` null where it is a person's own file. */
  corpus: { name: string; source: string | null; licence: string | null } | null
  sizes: TrainedSize[]
  /** Where the weights are. */
  weights: OpennessCell
  checkpoints: OpennessCell | null
  /** What was scored and where the scores stand; null where nothing was. */
  evaluations: OpennessCell | null
  /** Where the recipe stands. */
  recipe: string
}

const openLicence = /public domain|\bcc0|\bcc[ -]by|apache|\bmit\b|\bbsd\b|unlicense|odc|gutenberg/i

/** Nothing is said of the license of the weights: that is for their owner to say. */
export function ownOpenness(facts: OwnFacts): OwnOpenness {
  const { version, corpus, sizes, weights, checkpoints, evaluations, recipe } = facts
  const data: OpennessCell | null = corpus && {
    answer: corpus.licence !== null && openLicence.test(corpus.licence) ? 'yes' : 'no',
    note: `${corpus.name}, license: ${corpus.licence ?? 'unknown'}`,
    source: corpus.source ?? 'a file of its owner',
  }
  return {
    cells: {
      weights,
      ...(data ? { data } : {}),
      code: { answer: 'yes', note: `Isoflop ${version}, Apache-2.0`, source: 'its LICENSE file' },
      recipe: { answer: 'yes', note: 'every field', source: recipe },
      ...(checkpoints ? { checkpoints } : {}),
      ...(evaluations ? { evaluations } : {}),
    },
    training: sizes.length > 0 ? { sizes, source: 'counted while it trained' } : null,
  }
}

/** A row as lines: what, how open, and by which source. An aspect that nobody has stated says so. */
export const opennessLines = (row: OwnOpenness): { name: string; answer: string; note: string; source: string }[] => [
  ...opennessAspects.map((aspect) => {
    const cell = row.cells[aspect]
    return {
      name: aspectWords[aspect].name,
      answer: cell?.answer ?? 'not stated',
      note: cell?.note ?? '',
      source: cell?.source ?? '',
    }
  }),
  { name: 'Trained on', answer: trainedOnText(row), note: sizesText(row), source: row.training?.source ?? '' },
]

const sizesText = ({ training }: OwnOpenness): string =>
  training ? `${training.sizes.length} ${training.sizes.length === 1 ? 'size' : 'sizes'}` : ''

/** What of a study its report tells. */
export interface StudyRecords {
  study: { id: string; name: string }
  version: string
  nowMs: number
  corpus: Pick<Corpus, 'name' | 'origin' | 'source' | 'licence'> | null
  runs: readonly Pick<RunSummary, 'memberId' | 'name' | 'state' | 'parameters' | 'tokens'>[]
  evaluations: readonly { state: Evaluation['state'] }[]
}

/** The row of a study: its report publishes recipe and scores; weights stay in the lab until someone exports them. */
export function studyOpenness({ study, version, nowMs, corpus, runs, evaluations }: StudyRecords): OpennessRow {
  const finished = runs.filter(({ state }) => state === 'finished')
  const members = new Map(finished.map((run) => [run.memberId, run]))
  const scored = evaluations.filter(({ state }) => state === 'finished').length
  const own = ownOpenness({
    version,
    corpus: corpus && { ...corpus, source: corpus.origin === 'bundled' ? corpus.source : null },
    sizes: [...members.values()].map(({ name, parameters, tokens }) => ({ name, parameters, tokens })),
    weights: {
      answer: 'no',
      note: `${plural(finished.length, 'trained model')} in the lab; export publishes one`,
      source: 'the lab',
    },
    checkpoints: { answer: 'no', note: 'kept in the lab', source: 'the lab' },
    evaluations:
      scored > 0
        ? { answer: 'yes', note: `${plural(scored, 'evaluation')} of its models`, source: 'its report' }
        : { answer: 'no', note: 'nothing has been evaluated yet', source: 'the lab' },
    recipe: 'its report',
  })
  return { id: study.id, name: study.name, by: 'this lab', year: new Date(nowMs).getUTCFullYear(), ...own }
}
