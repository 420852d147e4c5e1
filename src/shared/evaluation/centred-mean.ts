// CORE's way of one number for several tasks: how far above guessing a model is, of all there is to reach.
import { isSynthetic } from './evaluation.ts'
import type { TaskResult } from './result.ts'

interface Score {
  value: number
  /** Of a mean of independent tasks; null where a task has none. */
  stderr: number | null
}

/** 0: guessing on average; 1: everything right. */
export interface CentredMean extends Score {
  /** Names of the tasks that it is over. */
  tasks: string[]
}

/** Whether the mean is over a task of that result: one with rows of its own and an accuracy. */
export const isOfCore = ({ task, metrics }: TaskResult): boolean =>
  !isSynthetic(task) && metrics.some(({ name }) => name === 'acc')

/**
 * Mean over tasks of (acc − chance) / (1 − chance): DCLM's centred accuracy (Li et al. 2024, arXiv 2406.11794), over
 * the tasks that were evaluated in place of its 22. Of tasks that read rows, each once; null for fewer than two.
 */
export function centredMean(results: readonly TaskResult[]): CentredMean | null {
  const parts = results.filter(isOfCore).map(({ task, chance, metrics }) => {
    const { value, stderr } = metrics.find(({ name }) => name === 'acc')!
    const guess = chance ?? 0
    return { task, value: (value - guess) / (1 - guess), stderr: stderr && stderr / (1 - guess) }
  })
  return parts.length < 2 ? null : { ...meanScore(parts), tasks: parts.map(({ task }) => task) }
}

/** The plain mean of independent scores, with its standard error. */
export const meanScore = (scores: readonly Score[]): Score => ({
  value: scores.reduce((sum, { value }) => sum + value, 0) / scores.length,
  stderr: scores.every(({ stderr }) => stderr !== null)
    ? Math.sqrt(scores.reduce((sum, { stderr }) => sum + stderr! ** 2, 0)) / scores.length
    : null,
})
