// One evaluation: a model on a task, from waiting in line to its numbers.
import type { Split } from '../corpus.ts'
import type { FaultCode } from '../fault.ts'
import type { EngineName, Precision } from '../engine.ts'
import type { Subject } from '../subject.ts'
import type { TaskState } from '../task-state.ts'
import type { ItemRecord, TaskResult } from './result.ts'
import type { TaskRecord } from './task.ts'

/** What is evaluated: a run's checkpoint (`step` null for its last), an imported model, or a folder beside it. */
export type EvaluationSubject = Subject

/**
 * How examples are chosen: the first of the file, or as lm-evaluation-harness draws them, other ones for every item.
 */
export const shotSamplers = ['first', 'harness'] as const
export type ShotSampler = (typeof shotSamplers)[number]

export interface EvaluationOptions {
  /** Examples before each item. */
  shots: number
  sampler: ShotSampler
  /** The first items only; null for all. */
  limit: number | null
  /** For tasks that can read the study's own text: a split of it, or null for the file that was added to the task. */
  split: Exclude<Split, 'train'> | null
  /** Files of the person's own: items in place of the lab's rows, and examples in place of those that go with them. */
  files?: { items: string | null; shots: string | null }
  /** Of the harness's sampler; else the harness's own. */
  seed?: number
  /** Else those of the settings. */
  engine?: EngineName | 'auto'
  threads?: number
  /** Of the products; fp32 where it is not said, as published numbers are. */
  precision?: Precision
}

export const defaultEvaluationOptions: EvaluationOptions = {
  shots: 0,
  sampler: 'first',
  limit: null,
  split: 'validation',
}

/** Everything about one model on one task. What was scored stays on disk, so that it can go on from there. */
export interface Evaluation {
  id: string
  studyId: string
  /** With the step that was really taken. */
  subject: EvaluationSubject
  /** The member's or the model's name. */
  name: string
  memberId: string | null
  parameters: number
  /** Training FLOPs up to the checkpoint, under the recipe's convention; null where they are not known. */
  flops: number | null
  task: string
  options: EvaluationOptions
  /** Started because the member had finished. */
  isAutomatic: boolean
  state: TaskState
  /** Items done, of all; 0 of 0 while they have not been read. */
  done: number
  of: number
  secondsLeft: number | null
  /** What is waited for, or why it failed. */
  message: string | null
  code: FaultCode | null
  result: TaskResult | null
  /** For people: "native, AVX-512, 1 thread". */
  device: string | null
  /** Hash of weights, rows and examples: what the numbers depend on. Absent until they have been read. */
  identity?: string
  /** Spent, over all sessions. */
  seconds: number
  /** Items scored in the last session, and the seconds that scoring alone took. */
  scoring?: { items: number; seconds: number }
  createdMs: number
  finishedMs: number | null
}

/** What evaluates a study's members as they finish. */
export interface AutomaticEvaluation {
  isOn: boolean
  tasks: string[]
  options: EvaluationOptions
}

/** Made here of a held-out text: each rises with compute on the starter ladder. */
export const syntheticTasks = [
  'cloze',
  'word_order',
  'agreement',
  'prepositions',
  'continuation',
  'repetition',
] as const

/** Chosen until a person chooses others: agreement and prepositions need a text in English. */
export const usualTasks: readonly string[] = ['text', 'cloze', 'word_order', 'continuation', 'repetition']

/**
 * Drills that a model learns from `isoflop corpus synthetic` alone: on other texts every size stays at chance, so they
 * are not offered.
 */
const drills = ['copy', 'reverse', 'brackets', 'arithmetic'] as const

export const isSynthetic = (task: string): boolean => [...syntheticTasks, ...drills].some((name) => name === task)

export const defaultAutomaticEvaluation: AutomaticEvaluation = {
  isOn: false,
  tasks: [...usualTasks],
  options: { ...defaultEvaluationOptions, limit: 200 },
}

/** A task of a person's own, and how many examples go before an item where an evaluation asks for none. */
export interface OwnTaskRecord {
  record: TaskRecord
  shots: number
}

export type TaskFileRole = 'items' | 'shots'

/** Rows of a task that the lab has: a copy of a file, or what came from the hub. */
export interface TaskFile {
  role: TaskFileRole
  /** Of the file as it was called. */
  name: string
  /** Where the lab keeps it; several where the hub keeps it in pieces. */
  paths: string[]
  source: 'file' | 'hub'
  rows: number
  bytes: number
  addedMs: number
  /** Set where the rows are those of a task of a person's own. */
  own?: OwnTaskRecord
}

export type OwnTaskFile = TaskFile & Required<Pick<TaskFile, 'own'>>

/** A task as the window knows it, with the rows that are here. */
export interface EvaluationTask extends Pick<
  TaskRecord,
  'name' | 'title' | 'about' | 'source' | 'licence' | 'kind' | 'language' | 'metrics' | 'chance' | 'hub'
> {
  /** Makes its items itself. */
  isMade: boolean
  /** Added by a person; its rows came with it, and its name ends with the hash of its content. */
  isOwn?: boolean
  /** Can take its texts from a split of the study's own text (`options.split`). */
  canReadSplit: boolean
  files: TaskFile[]
  /** Rows that are on their way from the hub; `totalBytes` null while it is not known. */
  fetching: { doneBytes: number; totalBytes: number | null } | null
  /** Why the last fetching came to nothing. */
  message: string | null
}

export interface SamplesQuery {
  verdict: 'all' | 'right' | 'wrong'
  from: number
  count: number
}

/** A page of items, in the order of their file. */
export interface SamplesPage {
  /** Items that fit the query, of which these begin at `from`. */
  total: number
  from: number
  items: ItemRecord[]
}

/** Whether an item counts as right; null for texts, which are neither. */
export const isRight = ({ metrics }: Pick<ItemRecord, 'metrics'>): boolean | null =>
  metrics.acc === undefined ? null : metrics.acc === 1

export const canResumeEvaluation = ({ state }: Pick<Evaluation, 'state'>): boolean =>
  state === 'paused' || state === 'cancelled' || state === 'interrupted' || state === 'failed'

/** Two evaluations of one task with the same rows have the same text here: a split, the lab's file, or an own one. */
export const rowsOf = ({ split, files }: Pick<EvaluationOptions, 'split' | 'files'>): string =>
  files ? JSON.stringify([files.items, files.shots]) : (split ?? '')
