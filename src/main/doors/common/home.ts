// Where everything is kept, unless told otherwise.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'

/**
 * `--data DIR` (or `--data=DIR`) of the arguments, else ISOFLOP_HOME, else ~/.isoflop; absolute. Throws `bad-input`
 * where --data is empty.
 */
export function homeFolder(args: readonly string[], environment: Record<string, string | undefined>): string {
  const at = args.lastIndexOf('--data')
  const joined = [...args]
    .reverse()
    .find((argument) => argument.startsWith('--data='))
    ?.slice('--data='.length)
  const given = joined ?? (at >= 0 ? args[at + 1] : undefined)
  // An unset variable in a script makes `--data ''`: better refused than the person's own lab.
  if (given === '') throw new Fault('bad-input', '--data names no folder.')
  const named = given || environment.ISOFLOP_HOME
  return named ? resolve(named) : join(homedir(), '.isoflop')
}
