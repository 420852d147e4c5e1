// A cluster as it may come in, from a door or from a file.
import { z } from 'zod'
import { engineNames } from '#shared/engine.ts'
import type { SlurmCluster } from '#shared/place.ts'

const word = z
  .string()
  .trim()
  .max(200)
  .transform((text) => text || null)
  .nullable()

/** What the words may be is said by checkWords, where the script is made of them. */
export const slurmCluster: z.ZodType<SlurmCluster> = z.strictObject({
  name: z.string().trim().min(1, 'must not be empty').max(60),
  ssh: word,
  folder: z.string().trim().min(1, 'must not be empty').max(1000),
  engine: z.enum(engineNames),
  cpus: z.number().int().min(1).max(1024),
  partition: word,
  account: word,
  qos: word,
  time: word,
  gres: word,
  memory: word,
  constraint: word,
  prelude: z.string().max(4000).nullable(),
  command: z.string().trim().min(1).max(1000).nullable(),
})
