// Small things a door remembers between two starts, one JSON file each. What cannot be read is as good as never
// written.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The value kept at `path`, or null. It comes from outside: check it before use. */
export function readRemembered(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** Written aside and renamed, so that a half-written file never takes the place of a whole one. */
export function remember(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, JSON.stringify(value))
  renameSync(`${path}.new`, path)
}

/** Made with its parents where it is not there. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true })
}
