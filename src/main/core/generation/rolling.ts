// A text that may grow past the context: when it is full, the later half is read again and the rest forgotten.
import { Fault } from '#shared/fault.ts'
import type { Engine } from '#main/core/engine/engine.ts'

export interface RollingText {
  /** Logits of the token after the prompt, read for the first time. */
  begin(): Promise<Float32Array>
  /** Adds a token; logits of the one after it. */
  add(id: number): Promise<Float32Array>
  dispose(): void
}

/**
 * `prompt`: at least one token; only its last `context` are read. A token that the model does not have is `bad-input`.
 */
export function rollingText(engine: Engine, prompt: readonly number[]): RollingText {
  const { context, vocabulary } = engine.model.shape
  const outside = prompt.find((id) => id >= vocabulary)
  if (outside !== undefined)
    throw new Fault('bad-input', `prompt: token ${outside} is outside the model's vocabulary of ${vocabulary}.`)
  let seen = prompt.slice(-context)
  let continuation = engine.continuation()
  return {
    begin: () => continuation.feed(Int32Array.from(seen)),
    add: (id) => {
      seen.push(id)
      if (seen.length <= context) return continuation.feed(Int32Array.of(id))
      seen = seen.slice(-Math.max(1, Math.floor(context / 2)))
      continuation.dispose()
      continuation = engine.continuation()
      return continuation.feed(Int32Array.from(seen))
    },
    dispose: () => continuation.dispose(),
  }
}
