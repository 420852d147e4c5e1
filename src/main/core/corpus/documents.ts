// What every reader of source files gives, whatever the kind of file.
/** Some documents, and how many bytes of the file have been read for them and all before. */
export interface Documents {
  documents: string[]
  doneBytes: number
}
