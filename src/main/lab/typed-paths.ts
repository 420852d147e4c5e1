// Paths as a person types them: `~` is their home, and what is not absolute lies in a folder that the lab chooses.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { EvaluationOptions } from '#shared/evaluation/evaluation.ts'
import type { ModelOrigin } from '#shared/model.ts'
import type { Subject } from '#shared/subject.ts'

/** An absolute path; what is not, lies in `base`. */
export const pathIn = (base: string, path: string): string =>
  /^~(?=$|[\\/])/.test(path) ? join(homedir(), path.slice(1)) : resolve(base, path)

/** A text, a model or a task's rows. */
export const textPath = (path: string): string => pathIn(homedir(), path)

export function modelOrigin(origin: ModelOrigin): ModelOrigin {
  if (origin.kind === 'folder') return { ...origin, path: textPath(origin.path) }
  return origin.kind === 'files' ? { ...origin, paths: origin.paths.map(textPath) } : origin
}

export const typedSubject = (subject: Subject): Subject =>
  subject.kind === 'folder' ? { ...subject, path: textPath(subject.path) } : subject

const typedFile = (path: string | null): string | null => (path === null ? null : textPath(path))

export const typedRows = ({ files, ...options }: EvaluationOptions): EvaluationOptions =>
  files ? { ...options, files: { items: typedFile(files.items), shots: typedFile(files.shots) } } : options
