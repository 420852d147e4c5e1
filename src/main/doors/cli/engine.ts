// Which engine a command computes with: its options, whether it is here, and the lab's settings meanwhile.
import { Option, type Command } from 'commander'
import { engineNames, type EngineName } from '#shared/engine.ts'
import { Fault } from '#shared/fault.ts'
import { asSentence } from '#shared/printable.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { parseWhole } from './amounts.ts'
import { unlessInterrupted } from './lab.ts'
import type { CommandContext } from './program.ts'

export interface EngineOptions {
  engine?: EngineName | 'auto'
  threads?: number
}

export const engineOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--engine <engine>', 'the engine that computes; else the fastest').choices([...engineNames, 'auto']),
    )
    .option('--threads <count>', 'CPU threads; 0 for the physical cores', parseWhole(0, 1024))

/** Throws `unavailable` where the engine asked for does not run here, before anything is read or made. */
export async function refuseAbsentEngine(
  lab: LabHost,
  { engine }: EngineOptions,
  { terminal, signal }: CommandContext,
): Promise<void> {
  if (engine === undefined || engine === 'auto' || engine === 'reference') return
  terminal.progress('Looking for the engine')
  const { isAvailable, description } = await unlessInterrupted(signal, lab.probeEngine(engine))
  if (!isAvailable)
    throw new Fault(
      'unavailable',
      `--engine: ${engine} does not run here: ${asSentence(description)} Leave it out for the fastest that does.`,
    )
}

/**
 * Sets engine and threads for as long as `use` takes, and puts back what the person had set: a run keeps what it was
 * started with. Choosing an engine may measure them all, which an interrupt does not wait for.
 */
export async function withSettings<T>(
  lab: LabHost,
  wanted: EngineOptions,
  { signal }: CommandContext,
  work: () => Promise<T>,
): Promise<T> {
  const use = () => unlessInterrupted(signal, work())
  const changes = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  if (Object.keys(changes).length === 0) return use()
  const { engine, threads } = await lab.settings()
  await lab.updateSettings(changes)
  try {
    return await use()
  } finally {
    await lab.updateSettings({ engine, threads })
  }
}
