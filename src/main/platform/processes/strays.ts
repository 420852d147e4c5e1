// Failures that nobody takes: in a host they are written down and it lives on, in a worker they become its job's.

/** A rejection or an exception that reaches nobody ends no host: the lab and its runs go on. */
export function surviveStrays(say: (words: string) => void = console.error): void {
  for (const event of ['unhandledRejection', 'uncaughtException'] as const)
    process.on(event, (reason: unknown) => say(`A failure that nobody took: ${wordsOf(reason)}`))
}

/** The first one ends what this process works on. */
export function takeStrays(fail: (reason: unknown) => void): void {
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) process.on(event, fail)
}

function wordsOf(reason: unknown): string {
  try {
    return String(reason instanceof Error ? (reason.stack ?? reason.message) : reason)
  } catch {
    return 'it cannot be put in words'
  }
}
