// Arithmetic that lets no signal in for as long as it takes: done by a process of its own, which can be ended at once.
import { spawn } from 'node:child_process'
import { Fault } from '#shared/fault.ts'
import { WorkerGone } from './host.ts'

const mark = 'ISOFLOP_APART'

/** Whether this is the process that was started to work. */
export const isApart = (): boolean => process.env[mark] !== undefined

/**
 * Runs `script`; what it says on the way goes where ours goes, and its output is given once it has ended. Throws
 * `cancelled`, and ends it, where `signal` aborts before.
 */
export async function runApart(
  script: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ output: string; status: number }> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, [mark]: String(process.pid) },
  })
  const stop = () => child.kill('SIGKILL')
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const exit = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, how) => resolve({ code, signal: how }))
  }).finally(() => signal.removeEventListener('abort', stop))
  if (signal.aborted) throw new Fault('cancelled', 'Interrupted.')
  if (exit.code === null) throw new WorkerGone(exit, '')
  return { output, status: exit.code }
}
