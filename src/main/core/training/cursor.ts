// Where a training stands besides its numbers: kept in every checkpoint, read back when it goes on.
import { z } from 'zod'

const cursorSchema = z.object({
  /** Updates done; also the place in the data, which depends on the seed and the step alone. */
  step: z.number().int().min(0),
  tokens: z.number().int().min(0),
  /** Time spent training, over all sessions. */
  elapsedMs: z.number().min(0),
  bestValidation: z.object({ step: z.number().int(), loss: z.number() }).nullable(),
  /** Asked to stop before the whole validation split was scored that is due at this step. */
  isUnscored: z.boolean().optional(),
  /** What was measured of the gradient's noise; absent in checkpoints of older labs. */
  noise: z
    .object({ weight: z.number(), gradient: z.number(), variance: z.number(), measurements: z.number().int() })
    .optional(),
  /** Checkpoints that are kept, ascending, with this one. */
  saved: z.array(z.number().int()),
})

export type TrainCursor = z.infer<typeof cursorSchema>

/** A cursor as a checkpoint gives it back; null when it is none. */
export const parseCursor = (value: unknown): TrainCursor | null => cursorSchema.safeParse(value).data ?? null
