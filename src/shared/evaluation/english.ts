// Whether a text is in English, for the tasks that ask about English words alone.

/** Every fourth word of English prose or more; of other languages less than every tenth looks like one of these. */
const common = new Set('the of and to in a that is was for it with as his on be at by he are'.split(' '))
const leastShare = 0.15
const fewestWords = 40

/** Null where there are too few words to tell. */
export function isEnglish(text: string): boolean | null {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  if (words.length < fewestWords) return null
  return words.filter((word) => common.has(word)).length >= leastShare * words.length
}
