// What every reader of source files gives and counts, whatever the kind of file.
import type { LeftOut } from '#shared/corpus.ts'
import type { Fault } from '#shared/fault.ts'

/** Some documents, and how many bytes of the file have been read for them and all before. */
export interface Documents {
  documents: string[]
  doneBytes: number
}

/** Where the text of a record stands, and what else it might have been: filled where it is not there. */
export interface TextField {
  name: string
  /** Fields of the first record without it that hold text. */
  others: string[] | null
}

const defaultField = 'text'
export const fieldNamed = (name: string = defaultField): TextField => ({ name, others: null })

export const nothingLeftOut = (): LeftOut => ({ records: 0, files: 0, replaced: 0, removed: 0, first: null })

/** Records of one file that hold no text: passed over and counted, unless they are what the file consists of. */
export interface RecordCounts {
  taken(): void
  /** `why` names the record; a Fault where the file holds nothing else. */
  passOver(why: Fault): void
  /** Throws the first one's Fault where more were passed over than taken. */
  finish(): void
}

/** So many at the beginning without any text, and the rest is not read. */
const enoughWithoutText = 1000

export function countRecords(leftOut: LeftOut): RecordCounts {
  let taken = 0
  let passed = 0
  let first: Fault | null = null
  return {
    taken: () => void taken++,
    passOver(why) {
      first ??= why
      leftOut.first ??= why.message
      leftOut.records++
      if (++passed >= enoughWithoutText && taken === 0) throw first
    },
    finish() {
      if (first && passed > taken) throw first
    },
  }
}
