// Which tokenizer a study uses.

export type TokenizerChoice =
  | { kind: 'bytes' } // 256 bytes + end of text
  | { kind: 'bpe'; vocabulary: number } // byte-level BPE learned on the study's corpus; size includes bytes and end of text
  | { kind: 'gpt2' } // GPT-2's own 50,257
  | { kind: 'model'; modelId: string; vocabulary: number } // that of an imported model

/** Smallest and largest vocabulary a BPE may be trained to (256 bytes and end of text are always in). */
export const bpeVocabularyRange = { smallest: 257, largest: 32_768 } as const

/** One piece of a text as the tokenizer sees it, for showing token boundaries. */
export interface TokenPiece {
  id: number
  /** The bytes as text; bytes that are no whole character are shown as �. */
  text: string
}
