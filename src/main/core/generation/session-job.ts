// A model session in a worker: the model stays in memory while it generates, is inspected and is compared.
import type { EngineName, Precision } from '#shared/engine.ts'
import { toFaultData, type FaultData } from '#shared/fault.ts'
import {
  attentionTokens,
  type AttentionMaps,
  type Comparison,
  type Generated,
  type GeneratedToken,
  type TensorStats,
} from '#shared/inspection.ts'
import type { GenerateOptions } from '#shared/run.ts'
import { encodePrompt } from '#main/core/tokenizer/special-tokens.ts'
import { openCheckpoint, type CheckpointSource, type OpenedCheckpoint } from '#main/core/model-formats/open.ts'
import { generate } from './generate.ts'
import { createEngine } from '#main/core/engine/create.ts'
import type { ObservedEngine } from '#main/core/engine/engine.ts'
import type { Asks } from '#main/platform/processes/serve.ts'
import { compareWeights, describeWeights } from '#main/core/model-formats/describe.ts'

export interface ModelSessionJob {
  kind: 'model-session'
  source: CheckpointSource
  engine: EngineName
  threads: number
  precision?: Precision
}

export type SessionQuestion =
  | { kind: 'generate'; options: GenerateOptions }
  | { kind: 'weights' }
  | { kind: 'attention'; text: string; layer: number }
  | { kind: 'compare'; other: CheckpointSource }

export type SessionRequest = { id: number } & SessionQuestion

export type SessionAnswer = Generated | TensorStats[] | AttentionMaps | Comparison

export type SessionRecord =
  | { kind: 'token'; id: number; token: GeneratedToken }
  | { kind: 'answer'; id: number; value: SessionAnswer }
  | { kind: 'fault'; id: number; fault: FaultData }

export async function* modelSessionJob(
  { source, engine: name, threads, precision }: ModelSessionJob,
  signal: AbortSignal,
  asks: Asks,
): AsyncGenerator<SessionRecord> {
  const opened = await openCheckpoint(source)
  let engine: ObservedEngine | null = null
  const running = async () =>
    (engine ??= await createEngine(name, opened.model, { threads, precision, parameters: opened.parameters }))
  try {
    for (;;) {
      const request = (await asks.next()) as SessionRequest | null
      if (request === null) return
      try {
        yield { kind: 'answer', id: request.id, value: yield* answer(request, opened, running, signal) }
      } catch (error) {
        yield { kind: 'fault', id: request.id, fault: toFaultData(error) }
      }
    }
  } finally {
    ;(engine as ObservedEngine | null)?.dispose()
  }
}

async function* answer(
  request: SessionRequest,
  opened: OpenedCheckpoint,
  running: () => Promise<ObservedEngine>,
  signal: AbortSignal,
): AsyncGenerator<SessionRecord, SessionAnswer> {
  const { model, parameters, tokenizer } = opened
  switch (request.kind) {
    case 'weights':
      return describeWeights(model, parameters)
    case 'compare':
      return compareWeights(opened, await openCheckpoint(request.other))
    case 'attention': {
      const ids = encodePrompt(tokenizer, request.text).slice(0, Math.min(attentionTokens, model.shape.context))
      const tokens = (ids.length > 0 ? ids : [tokenizer.endOfText]).map((id) => ({ id, text: tokenizer.decode([id]) }))
      const layer = Math.min(request.layer, model.shape.layers - 1)
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
    case 'generate': {
      const generating = generate(await running(), tokenizer, request.options, signal)
      for (;;) {
        const next = await generating.next()
        if (next.done) return next.value
        yield { kind: 'token', id: request.id, token: next.value }
      }
    }
  }
}
