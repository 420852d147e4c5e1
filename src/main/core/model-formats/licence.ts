// The licence that a model's README names in its front matter, as the Hugging Face hub reads it.
import { join } from 'node:path'
import { exactly } from '#shared/numbers.ts'
import { exists, readText } from '#main/platform/disk/files.ts'

/** null where there is no README, or it names none. */
export async function licenceIn(folder: string): Promise<string | null> {
  const path = join(folder, 'README.md')
  if (!(await exists(path))) return null
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readText(path))?.[1] ?? ''
  const named = /^license:\s*["']?([^"'\r\n#]+)/m.exec(front)?.[1]?.trim()
  return named && named !== '' ? named.slice(0, 100) : null
}

/** The README of a model made elsewhere, written again: it says the licence again. */
export const modelMadeElsewhere = (name: string, licence: string | null, parameters: number): string =>
  `${licence === null ? '' : `---\nlicense: ${licence}\n---\n\n`}# ${name}\n\nMade elsewhere and written again by Isoflop; ${exactly(parameters)} parameters.\n`
