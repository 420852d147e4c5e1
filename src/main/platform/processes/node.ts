// Workers under plain Node: the command line, the web door and the tests.
import { fork } from 'node:child_process'
import type { ForkWorker, WorkerExit, WorkerProcess } from './process.ts'
import { workerArgument } from './worker-process.ts'

/** How much of a worker's standard error is kept for a crash's details. */
const keptCharacters = 4000

/** Forks the built worker at `workerPath`. Its standard output is dropped: a host's own may be a JSON document. */
export function forkNodeWorker(workerPath: string): ForkWorker {
  return () => {
    const child = fork(workerPath, [workerArgument], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    })
    let exit: WorkerExit | null = null
    let words = ''
    const exitListeners: ((exit: WorkerExit) => void)[] = []
    const ended = (how: WorkerExit) => {
      if (exit) return
      exit = how
      for (const listener of exitListeners) listener(how)
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-keptCharacters)
    })
    child.on('close', (code, signal) => ended({ code, signal }))
    // `close` waits for the last words; a grandchild that holds the pipe must not make it wait for ever.
    child.on('exit', (code, signal) => setTimeout(() => ended({ code, signal }), 500).unref())
    child.on('error', (error) => {
      words = (words + `\n${error.message}`).slice(-keptCharacters)
      if (child.pid === undefined) ended({ code: null, signal: null })
    })
    const worker: WorkerProcess = {
      pid: child.pid,
      // A process that has just died closes the channel before its exit is known: that is told by onExit, not by a
      // throw here.
      send: (message) => {
        if (child.connected) child.send(message as object, () => undefined)
      },
      onMessage: (listener) => {
        child.on('message', listener)
      },
      onExit: (listener) => {
        if (exit) listener(exit)
        else exitListeners.push(listener)
      },
      kill: () => {
        child.kill('SIGKILL')
      },
      lastWords: () => words.trim(),
    }
    return worker
  }
}
