// How a list takes news of one of its things.

/** The list with this thing in the place of the one of its id, or at its end. */
export const withOne = <T extends { id: string }>(all: readonly T[], one: T): T[] =>
  all.some(({ id }) => id === one.id) ? all.map((other) => (other.id === one.id ? one : other)) : [...all, one]
