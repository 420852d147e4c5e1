// Workers as Electron utility processes: they end with the app, and the app never waits for them.
import { utilityProcess } from 'electron'
import type { ForkWorker, WorkerExit } from '#main/platform/processes/process.ts'
import { workerArgument } from '#main/platform/processes/worker-process.ts'

const lastWordsLength = 8000

/** `workerPath` is the built worker. Only after the app is ready. */
export function forkUtilityWorker(workerPath: string): ForkWorker {
  return () => {
    const child = utilityProcess.fork(workerPath, [workerArgument], {
      serviceName: 'Isoflop worker',
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let words = ''
    let exit: WorkerExit | null = null
    const leavers: ((exit: WorkerExit) => void)[] = []
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-lastWordsLength)
    })
    child.on('exit', (code) => {
      exit = { code, signal: null }
      for (const leave of leavers) leave(exit)
      leavers.length = 0
    })
    return {
      get pid() {
        return child.pid
      },
      send(message) {
        if (exit === null) child.postMessage(message)
      },
      onMessage: (listener) => void child.on('message', listener),
      onExit(listener) {
        if (exit) listener(exit)
        else leavers.push(listener)
      },
      kill() {
        if (exit !== null) return
        // `child.kill` only asks; a worker deep in a kernel does not hear it.
        if (child.pid === undefined) child.once('spawn', () => end(child.pid))
        else end(child.pid)
      },
      lastWords: () => words,
    }
  }
}

function end(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // It was faster.
  }
}
