// A model held ready in a worker: it stays in memory while it is asked to write, to be looked at, to be held against
// another.
import type { EngineName } from '#shared/engine.ts'
import { toFaultData, type FaultData } from '#shared/fault.ts'
import {
  attentionTokens,
  type AttentionLook,
  type Comparison,
  type TensorLook,
  type Written,
  type WrittenToken,
} from '#shared/inspection.ts'
import type { GenerateOptions } from '#shared/run.ts'
import { openCheckpoint, type CheckpointSource, type OpenedCheckpoint } from '#main/core/model-formats/open.ts'
import { writeText } from './write.ts'
import { createEngine } from '#main/core/engine/create.ts'
import type { ObservedEngine } from '#main/core/engine/engine.ts'
import type { Asks } from '#main/platform/processes/serve.ts'
import { compareWeights, describeWeights } from '#main/core/model-formats/describe.ts'

export interface DeskJob {
  kind: 'desk'
  source: CheckpointSource
  engine: EngineName
  threads: number
}

export type DeskWish =
  | { kind: 'write'; options: GenerateOptions }
  | { kind: 'weights' }
  | { kind: 'attention'; text: string; layer: number }
  | { kind: 'compare'; other: CheckpointSource }

export type DeskAsk = { id: number } & DeskWish

export type DeskValue = Written | TensorLook[] | AttentionLook | Comparison

export type DeskRecord =
  | { kind: 'token'; id: number; token: WrittenToken }
  | { kind: 'answer'; id: number; value: DeskValue }
  | { kind: 'fault'; id: number; fault: FaultData }

export async function* deskJob(
  { source, engine: name, threads }: DeskJob,
  signal: AbortSignal,
  asks: Asks,
): AsyncGenerator<DeskRecord> {
  const opened = await openCheckpoint(source)
  let engine: ObservedEngine | null = null
  const running = async () =>
    (engine ??= await createEngine(name, opened.model, { threads, parameters: opened.parameters }))
  try {
    for (;;) {
      const ask = (await asks.next()) as DeskAsk | null
      if (ask === null) return
      try {
        yield { kind: 'answer', id: ask.id, value: yield* answer(ask, opened, running, signal) }
      } catch (error) {
        yield { kind: 'fault', id: ask.id, fault: toFaultData(error) }
      }
    }
  } finally {
    ;(engine as ObservedEngine | null)?.dispose()
  }
}

async function* answer(
  ask: DeskAsk,
  opened: OpenedCheckpoint,
  running: () => Promise<ObservedEngine>,
  signal: AbortSignal,
): AsyncGenerator<DeskRecord, DeskValue> {
  const { model, parameters, tokenizer } = opened
  switch (ask.kind) {
    case 'weights':
      return describeWeights(model, parameters)
    case 'compare':
      return compareWeights(opened, await openCheckpoint(ask.other))
    case 'attention': {
      const pieces = tokenizer.pieces(ask.text).slice(0, Math.min(attentionTokens, model.shape.context))
      const tokens = pieces.length > 0 ? pieces : [{ id: tokenizer.endOfText, text: '<|endoftext|>' }]
      const layer = Math.min(ask.layer, model.shape.layers - 1)
      const maps = await (
        await running()
      ).attention(
        Int32Array.from(tokens, ({ id }) => id),
        layer,
      )
      const size = tokens.length ** 2
      const heads = Array.from({ length: model.shape.heads }, (_, head) =>
        Array.from(maps.subarray(head * size, (head + 1) * size), (weight) => Number(weight.toFixed(4))),
      )
      return { tokens, layer, layers: model.shape.layers, heads }
    }
    case 'write': {
      const writing = writeText(await running(), tokenizer, ask.options, signal)
      for (;;) {
        const next = await writing.next()
        if (next.done) return next.value
        yield { kind: 'token', id: ask.id, token: next.value }
      }
    }
  }
}
