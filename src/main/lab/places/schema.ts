// A cluster as it may come in, from a door or from a file.
import { z } from 'zod'
import { mostProcesses } from '#shared/bounds.ts'
import { engineNames } from '#shared/engine.ts'
import type { SlurmCluster, TorchChoice } from '#shared/place.ts'

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
  python: word.optional(),
  card: word.optional(),
})

export const torchChoice: z.ZodType<TorchChoice> = z
  .strictObject({
    processes: z.number().int().min(1).max(mostProcesses),
    perNode: z.number().int().min(1).max(mostProcesses),
    device: z.enum(['cuda', 'cpu']),
  })
  .refine(({ processes, perNode }) => processes % Math.min(processes, perNode) === 0, {
    path: ['perNode'],
    message: 'must divide the processes: every node runs as many',
  })
