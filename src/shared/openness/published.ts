// The rows of openness that ship, read as any other file would be.
import rows from '../../../resources/openness/models.json' with { type: 'json' }
import { readOpennessRow, type OpennessRow } from './openness.ts'

/** In the order in which they are shown. */
export const publishedOpenness: readonly OpennessRow[] = rows.map(readOpennessRow)
