// What a host and its worker say to each other. The worker sends only as many records as the host has given credit for.
import type { FaultData } from '#shared/fault.ts'

export type ToWorker =
  | { kind: 'job'; job: unknown; credits: number }
  /** One record has been dealt with; another may come. */
  | { kind: 'credit' }
  /** One more request to a job that stays to be asked. */
  | { kind: 'ask'; value: unknown }
  /** End soon: save what should be saved. */
  | { kind: 'abort' }

export type FromWorker =
  | { kind: 'record'; record: unknown }
  | { kind: 'done'; value: unknown }
  | { kind: 'fault'; fault: FaultData }

/** Records a worker may be ahead of its host. */
export const creditWindow = 64

/**
 * A record that is asked about before the generator goes on: the worker waits until the host has dealt with it and with
 * all before it.
 * A training uses it so that no checkpoint is written before the records that lead to it are safe.
 */
export interface Awaited {
  awaitsHost: true
}

export const awaitsHost = (record: unknown): boolean =>
  typeof record === 'object' && record !== null && (record as Partial<Awaited>).awaitsHost === true
