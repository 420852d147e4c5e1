// How the palette finds a command: every word typed must be in its name, group or synonyms; names come first.

export interface Findable {
  text: string
  /** Where it belongs. */
  group: string
  /** Other words for it. */
  words?: string
  /** Only shown where something was typed: there are many of its kind. */
  isOnlyFound?: boolean
}

/** Rows that a palette shows at most; more words leave fewer. */
export const mostFound = 80

export function findCommands<One extends Findable>(commands: readonly One[], typed: string): One[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return commands.filter(({ isOnlyFound }) => !isOnlyFound)
  const rank = ({ text, group, words: others = '' }: One): number => {
    const [name, all] = [text.toLowerCase(), `${group} ${text} ${others}`.toLowerCase()]
    if (!words.every((word) => all.includes(word))) return Infinity
    if (name.startsWith(words[0])) return 0
    return words.every((word) => name.includes(word)) ? 1 : 2
  }
  return commands
    .map((command, place) => ({ command, place, rank: rank(command) }))
    .filter((one) => one.rank < Infinity)
    .sort(
      (a, b) =>
        a.rank - b.rank ||
        Number(a.command.isOnlyFound ?? false) - Number(b.command.isOnlyFound ?? false) ||
        a.place - b.place,
    )
    .map(({ command }) => command)
}
