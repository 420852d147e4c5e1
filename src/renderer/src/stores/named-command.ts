// A command as the palette has it.

export interface NamedCommand {
  id: string
  text: string
  group: string
  keys?: string
  /** Other words for it. */
  words?: string
  /** Only shown where something was typed. */
  isOnlyFound?: boolean
  run: () => void
}
