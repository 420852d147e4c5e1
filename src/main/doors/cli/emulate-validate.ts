// `isoflop emulate --validate`: how far predictions are from a file of published measurements.
import { readJson } from '#main/platform/disk/files.ts'
import { validationText } from './emulate-text.ts'
import type { Answer } from './program.ts'

export async function validate(
  path: string,
  { crossValidate: isCrossed = false, rows = false }: { crossValidate?: boolean; rows?: boolean },
): Promise<Answer> {
  const { judge } = await import('#main/core/cluster-validation/judge.ts')
  const { document, reports, families, passedOver, heldOut } = judge(await readJson(path), { isCrossed, hasRows: rows })
  const text = [
    validationText(reports),
    `\nBy family of GPUs:\n${validationText(families)}`,
    ...passedOver.map(({ table, row, because }) => `${table} row ${row} was not tried: ${because}`),
    ...(heldOut
      ? [
          `\nBy family, held out by plan:\n${validationText(heldOut.families)}`,
          `\nHeld out, five folds by plan:\n${validationText(heldOut.byPlan)}`,
          `\nHeld out, five folds by model and number of devices:\n${validationText(heldOut.byGroup)}`,
        ]
      : []),
  ].join('\n')
  return { document, text }
}
