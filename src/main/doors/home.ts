// Where everything is kept, unless told otherwise.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** `--data DIR` (or `--data=DIR`) of the arguments, else ISOFLOP_HOME, else ~/.isoflop; absolute. */
export function homeFolder(args: readonly string[], environment: Record<string, string | undefined>): string {
  const at = args.lastIndexOf('--data')
  const joined = [...args].reverse().find((argument) => argument.startsWith('--data='))?.slice('--data='.length)
  const named = joined || (at >= 0 ? args[at + 1] : undefined) || environment.ISOFLOP_HOME
  return named ? resolve(named) : join(homedir(), '.isoflop')
}
