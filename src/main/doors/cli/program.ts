// What all commands share: their options, their one answer, how they fail, and how they are interrupted.
import { join, resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { Fault, toFaultData } from '#shared/fault.ts'
import { diskFault, doingOf } from '#main/platform/disk/disk-faults.ts'
import { isApart, runApart } from '#main/platform/processes/apart.ts'
import { surviveStrays } from '#main/platform/processes/strays.ts'
import { homeFolder } from '#main/doors/common/home.ts'
import { createTerminal, type Terminal } from './terminal.ts'

/** What a command gives back: one JSON document, and the same for a person. */
export interface Answer {
  document: unknown
  text: string
  /** What the process ends with; absent: 0. */
  status?: number
}

/** What a command may use. */
export interface CommandContext {
  home: string
  version: string
  /** Built parts and data: the worker, the window, resources. */
  parts: { cli: string; worker: string; renderer: string; resources: string }
  terminal: Terminal
  /** Aborts at the first Ctrl+C, or when the process is asked to end. */
  signal: AbortSignal
  /** From now on SIGUSR1 asks as well, and asking again changes nothing: batch systems ask several times. */
  askedOnce(): void
}

/**
 * Ties a command's options and arguments to the work it does; `apart` where that is long arithmetic, which would not
 * hear an interrupt.
 */
export type Act = <A extends unknown[]>(
  work: (context: CommandContext, ...optionsAndArguments: A) => Promise<Answer | null>,
  how?: 'apart',
) => (...args: unknown[]) => Promise<void>

/** Adds one command to the program. */
export type CommandPart = (program: Command, act: Act) => void

const exitStatus = { failed: 1, usage: 2, interrupted: 130 } as const

/** Runs `isoflop <command>`; ends the process with 0 only when the command did what it was asked. */
export async function runProgram(
  parts: readonly CommandPart[],
  { args, version }: { args: readonly string[]; version: string },
): Promise<void> {
  const terminal = createTerminal({ isJson: args.includes('--json') })
  surviveStrays()
  const stopping = new AbortController()
  let isPatient = false
  let status = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stopping.signal.aborted || isPatient) return stopping.abort()
      // Asked twice: at once, but not without the document that was asked for.
      terminal.fail({ code: 'cancelled', message: 'Ended at once. What was under way resumes from what is on disk.' })
      process.exit(exitStatus.interrupted)
    })
  }
  try {
    const context: CommandContext = {
      home: homeFolder(args, process.env),
      version,
      parts: {
        cli: join(__dirname, 'cli.js'),
        worker: join(__dirname, 'worker.js'),
        renderer: join(__dirname, '../renderer'),
        resources: resolve(__dirname, '../../resources'),
      },
      terminal,
      signal: stopping.signal,
      askedOnce: () => {
        isPatient = true
        process.on('SIGUSR1', () => stopping.abort())
      },
    }
    const act: Act =
      (work, how) =>
      async (...given) => {
        const command = given.at(-1) as Command
        refuseEmpty(command)
        if (how === 'apart' && !isApart()) {
          const done = await runApart(context.parts.cli, args, stopping.signal)
          terminal.write(done.output)
          status = done.status
          return
        }
        const answer = await work(context, ...([command.optsWithGlobals(), ...given.slice(0, -2)] as never))
        if (answer) terminal.answer(answer)
        status = answer?.status ?? 0
      }
    await buildProgram(parts, act, terminal, version).parseAsync([...args], { from: 'user' })
    await terminal.flush()
    process.exit(status)
  } catch (error) {
    status = failureStatus(error, stopping.signal.aborted)
    if (status !== 0)
      terminal.fail(toFaultData(error instanceof CommanderError ? usageFault(error) : systemFault(error)))
    await terminal.flush()
    process.exit(status)
  }
}

/** What the system answered and no room put into words: a sentence with the path it was about. */
function systemFault(error: unknown): unknown {
  return diskFault(error, doingOf(error), (error as NodeJS.ErrnoException).path ?? 'what was asked for')
}

/** Options that take any text; every other value names something, and nothing is called by an empty name. */
const freeTexts = ['prompt', 'note', 'notes', 'license']

/** An unset variable in a script makes `--to ''`: refused in one place, before anything is opened. */
function refuseEmpty(command: Command): void {
  const isEmpty = (value: unknown): boolean =>
    typeof value === 'string' ? value.trim() === '' : Array.isArray(value) && value.some(isEmpty)
  command.registeredArguments.forEach((argument, i) => {
    if (isEmpty(command.processedArgs[i]))
      throw usageError(`Which ${argument.name()}? An empty ${argument.name()} names nothing.`)
  })
  const empty = command.options.find(
    (option) => !freeTexts.includes(option.attributeName()) && isEmpty(command.getOptionValue(option.attributeName())),
  )
  if (empty) throw usageError(`${empty.long ?? empty.flags}: which one? An empty value names nothing.`)
}

function buildProgram(parts: readonly CommandPart[], act: Act, terminal: Terminal, version: string): Command {
  const program = new Command('isoflop')
    .description(
      'A desktop lab for compute-optimal GPT families: train a ladder of small models, see its scaling law, export what it made.',
    )
    .version(version)
    .addHelpText(
      'after',
      '\nExample:\n  $ isoflop demo        a scaling law in a few minutes\n\nEach command says more: isoflop <command> --help',
    )
  for (const part of parts) part(program, act)
  const settle = (command: Command) => {
    command
      .exitOverride()
      .showHelpAfterError(false)
      .configureOutput({ writeOut: terminal.write, writeErr: () => {} })
    if (!command.options.some(({ long }) => long === '--json'))
      command.option('--json', 'print one JSON document on standard output, and nothing else there')
    if (!command.options.some(({ long }) => long === '--data'))
      command.option('--data <dir>', 'where everything is kept (or ISOFLOP_HOME; else ~/.isoflop)')
    command.commands.forEach((one) => settle(one as Command))
  }
  settle(program)
  return program
}

function failureStatus(error: unknown, isInterrupted: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitStatus.usage
  if (isInterrupted && error instanceof Fault && error.code === 'cancelled') return exitStatus.interrupted
  return exitStatus.failed
}

/** A command line that asks for nothing that can be done. */
export const usageError = (sentence: string): CommanderError =>
  new CommanderError(exitStatus.usage, 'isoflop.usage', sentence)

/** Commander's own words, as one sentence. */
function usageFault(error: CommanderError): Fault {
  const words =
    error.code === 'commander.help'
      ? 'Which command? `isoflop --help` lists them.'
      : error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
  const sentence = words.charAt(0).toUpperCase() + words.slice(1)
  return new Fault('bad-input', /[.?]\)?$/.test(sentence) ? sentence : `${sentence}.`)
}
