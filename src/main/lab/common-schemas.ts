// Words that the schemas of many requests have in common.
import { z } from 'zod'
import { longestName, longestNote, longestTag, mostTags } from '#shared/bounds.ts'
import { oneLine, printable } from '#shared/printable.ts'

export const id = z.string().min(1).max(longestName)

/** Without what would command a terminal or turn the direction of a line. */
export const name = z.string().transform(oneLine).pipe(z.string().trim().min(1, 'must not be empty').max(longestName))

const tag = z.string().transform(oneLine).pipe(z.string().trim().min(1, 'must not be empty').max(longestTag))

/** Lines of a note may break; tags are kept once each, in their order. */
export const annotationChanges = z.strictObject({
  note: z.string().max(longestNote).transform(printable).optional(),
  tags: z
    .array(tag)
    .max(mostTags)
    .transform((tags) => [...new Set(tags)])
    .optional(),
})

/** Of a record of JSON or a column of parquet. */
export const field = z.string().min(1, 'must not be empty').max(200)

export const corpusChanges = z.strictObject({
  name: name.optional(),
  licence: z
    .string()
    .transform(oneLine)
    .pipe(z.string().trim().max(200))
    .transform((text) => text || null)
    .nullable()
    .optional(),
  notes: z.string().max(longestNote).transform(printable).optional(),
  field: field.optional(),
})

export const path = z
  .string()
  .min(1, 'must not be empty')
  .max(4096)
  .refine((text) => !text.includes('\0'), 'must be a path')

/** Where an export is written: what is not absolute lies among the lab's exports, every other path is from home. */
export const exportFolder = path.clone()

export const count = (smallest: number, largest: number) => z.number().int().min(smallest).max(largest)

export const share = z.number().min(0).max(1)

export const step = count(0, Number.MAX_SAFE_INTEGER)

export const curvePart = z
  .strictObject({
    afterStep: step,
    upToStep: step.optional(),
    widest: count(1, 65_536).refine((width) => Number.isInteger(Math.log2(width)), 'must be a power of two'),
  })
  .refine(({ afterStep, upToStep }) => upToStep === undefined || upToStep > afterStep, {
    path: ['upToStep'],
    message: 'must lie after afterStep',
  })
