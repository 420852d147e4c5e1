// A line at a counter: tasks that wait for each other, one at a time, in the order they came.
export interface Line {
  /** Runs `task` when all before it have ended, however they ended. */
  add<T>(task: () => Promise<T>): Promise<T>
  /** Resolves when the line is empty. */
  idle(): Promise<void>
}

export function createLine(): Line {
  let last: Promise<unknown> = Promise.resolve()
  return {
    add: (task) => {
      const mine = last.then(task, task)
      last = mine.catch(() => undefined)
      return mine
    },
    idle: async () => {
      for (let seen: unknown = null; seen !== last;) {
        seen = last
        await last
      }
    },
  }
}
