// A process of its own, as the host sees it: whatever forked it, it takes messages, gives messages, and one day exits.

export interface WorkerExit {
  code: number | null
  /** Node tells the signal; Electron only a code. */
  signal: string | null
}

export interface WorkerProcess {
  readonly pid: number | undefined
  /** Structured-clone data, typed arrays included. Sending to a process that is gone does nothing. */
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once; at once when it has already exited, or could not be started. */
  onExit(listener: (exit: WorkerExit) => void): void
  /** Ends it without asking (SIGKILL where there are signals). */
  kill(): void
  /** What it wrote to standard error last, for a crash's details. */
  lastWords(): string
}

/** Starts one worker: the built `out/main/worker.js`, by Node's `fork` or Electron's `utilityProcess.fork`. */
export type ForkWorker = () => WorkerProcess
