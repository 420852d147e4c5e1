// How much of anything from outside is taken in or shown: each bound once, so that no file and no request outgrows it.

/** Bytes of UTF-8 in a failure's sentence, and in the details behind it. */
export const longestMessageBytes = 1000
export const longestDetailsBytes = 16_000

/** Characters of a foreign value that a sentence quotes. */
const longestQuote = 60

/** Lists and tables inside one another, in JSON from outside. */
export const deepestJson = 100

/** Bytes of a file that is read into one string: rows of a task, a merges.txt. */
export const largestTextBytes = 400 << 20

/** Bytes of a text file that is parsed as a whole: a tokenizer, an index of weights, a configuration. */
export const largestJsonBytes = 64 << 20

/** Characters of a name that somebody gave a thing, and of an id. */
export const longestName = 200

/** Layers of a model whose training is emulated: each is looked at. */
export const mostLayers = 100_000

/** Bytes of a table of trainings, and its rows: each of them is fitted hundreds of times. */
export const largestTableBytes = 64 << 20
export const mostTableRows = 20_000

/** Bytes of a safetensors header: 130,000 tensors with their names. */
export const largestHeaderBytes = 16 << 20

/** Bytes that one parquet page may become, and values it may hold. Writers end a page at about 1 MB. */
export const largestPageBytes = 64 << 20
export const mostPageValues = 1 << 21

/** The highest peak learning rate of a recipe, and the most tokens of one step. */
export const highestLearningRate = 10
export const mostBatchTokens = 1e9

/**
 * How long a reader may say nothing before it counts as stuck. The slowest that gets on, a vocabulary learnt on one
 * line of 40 MB, has said nothing for 35 s on two busy cores.
 */
export const longestSilenceMs = 300_000

/** What a packed text may become: so many times its bytes, where it becomes large at all. Texts shrink to a tenth. */
export const mostExpansion = 250
export const largestUnpackedBytes = 256 << 20

/** Bytes that all pages of a parquet file of evaluation rows may become: its rows are held at once. */
export const largestRowsBytes = 96 << 20

/**
 * What the web door takes. No browser of a person reaches any of these; each keeps a page, or another program of this
 * machine, from using up the lab's memory, files or disk.
 */
export const webBounds = {
  maxConnections: 4096,
  /** Connections that have shown no session; of more the oldest are ended, so that nobody keeps a person out. */
  maxStrangers: 1024,
  maxSocketsOfSession: 1024,
  /** A connection on which nothing moves for so long is ended, and an upload on it removed, ms. */
  idleMs: 60_000,
  maxUploadBytes: 64 * 2 ** 30,
  /** Files that are received at once. */
  maxUploads: 8,
  /** Bytes of one request over the WebSocket. */
  maxRequestBytes: 1 << 20,
  /** Requests of one browser under way at once. */
  maxWaiting: 64,
  /** Characters of one answer, and of all answers that one browser has not read yet. */
  maxAnswerLength: 16 << 20,
  /**
   * Bytes that may wait for all browsers together. Beyond it the line of the slowest is cut; its window asks for what
   * it missed when it is back.
   */
  maxUnsentBytes: 32 << 20,
}

/** A browser's session ends after so long without a request, ms. */
export const sessionMs = 24 * 3_600_000
export const mostSessions = 100

/** Wrong tokens within a minute, after which none is looked at until it is over. */
export const mostWrongTokens = 60

/** Characters of a link that is handed to the system's browser: a longer one could carry a text out of the lab. */
export const longestLink = 2000

/** Bytes of an uploaded file's name, in UTF-8; file systems take 255, and a few more mark what is half written. */
export const longestFileNameBytes = 120

/** Processes of PyTorch that train one run. */
export const mostProcesses = 4096

/** Trainings of one member that are asked for at once, each with a seed of its own. */
export const mostSeeds = 100

/** Values of one field that a sweep tries, and all its trainings. */
export const mostSweepValues = 50
export const mostSweepRuns = 1000

/** Plans of runs in one answer: some 2 kB each. */
export const mostPlansAtOnce = 1000

/** Characters of a note (UTF-16 units), of one tag, and tags of one thing. */
export const longestNote = 20_000
export const longestTag = 60
export const mostTags = 30

/** Characters of a table's filter, and how deep its brackets may stand in one another. */
export const longestFilter = 1000
export const deepestFilter = 50

/** `text` in at most `mostBytes` of UTF-8: its beginning and, because a remedy stands there, its end. */
export function shortened(text: string, mostBytes: number): string {
  if (text.length * 3 <= mostBytes || utf8Length(text, mostBytes) <= mostBytes) return text
  const tail = takeBytes(Array.from(text.slice(-mostBytes)).reverse(), mostBytes >> 2).reverse()
  const head = takeBytes(Array.from(text.slice(0, mostBytes)), mostBytes - (mostBytes >> 2) - 3)
  return `${head.join('')}…${tail.join('')}`
}

/** A value from outside as a sentence can show it: JSON, cut after some dozens of characters. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value))
  if (Array.isArray(value)) return `[${cut(value.slice(0, 8).map(brief).join(', '))}${value.length > 8 ? ', …' : ''}]`
  return typeof value === 'object' && value !== null ? 'a table' : String(value)
}

const brief = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? '…'
    : typeof value === 'string'
      ? JSON.stringify(cut(value))
      : String(value)
const cut = (text: string): string => (text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text)

const bytesOf = (character: string): number => {
  const code = character.codePointAt(0)!
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}

/** Bytes of UTF-8; counting ends where it passes `enough`. */
function utf8Length(text: string, enough: number): number {
  let bytes = 0
  for (const character of text) if ((bytes += bytesOf(character)) > enough) break
  return bytes
}

function takeBytes(characters: string[], mostBytes: number): string[] {
  let bytes = 0
  const end = characters.findIndex((character) => (bytes += bytesOf(character)) > mostBytes)
  return end < 0 ? characters : characters.slice(0, end)
}
