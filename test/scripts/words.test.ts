// The window, the command line, the docs and the code speak the English of the field. Each phrase here stood in 0.1.0.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** What is not said, and what is said instead. */
const banned: [RegExp, string][] = [
  [
    /\b(nats|bits|[Bb]ytes|[Tt]okens|[Ss]equences|FLOPs) an? (token|byte|char|second(?! time)|node|device|stage|system|parameter)\b(?! (sees|takes|has|is|holds))/,
    'per: nats per token, tokens/s, bytes per token',
  ],
  [/\b(Devices|Ports|Chunks|Kept activations) (a|of a) (node|stage)\b/, 'Devices per node, NICs per node'],
  [/\bforet(old|ell|ells)\b/, 'predicted, predict'],
  [/\bin hand\b/, 'no download needed'],
  [/\bthrice\b/, 'three times'],
  [/\bcourier\b/i, 'news feed: an identifier is never a metaphor'],
  [/\btoys?\b/i, 'synthetic tasks'],
  [/\blikeliest\b/, 'most likely, top-10'],
  [/\bwarm-up\b/i, 'warmup'],
  [/\bfalsif(y|ied|ies)\b/i, 'invalidate, distort'],
  [/\b[Tt]he dial rests\b/, 'Locked while runs are active'],
  [/\bTimes? to either side\b/, 'Size range (×)'],
  [/\bReady ladder\b/, 'Preset'],
  [/\bBest size\b/, 'Optimal size'],
  [/\bTry learning rates\b/, 'Run LR sweep'],
  [/\bCheck activations\b/, 'Run coordinate check'],
  [/\bLicence not stated\b/, 'License: unknown'],
  [/\bis of a kind the lab does not read\b/, 'Unsupported file type'],
  [/\b(Ask both|The same beginning|Continue the text)\b/, 'Run both, Same prompt, Generate'],
  [/\bModels from elsewhere\b/, 'Imported models'],
  [/\bCame as\b/, 'Source dtype'],
  [/\bWritten and read back\b/, 'Exported and verified bit for bit.'],
  [/\bin their safest form\b/, 'safetensors only'],
  [/\b(Tensor|Data) degree\b/, 'Tensor parallel size, Data parallel size'],
  [/\bWhy GPUs are split\b|\bHow good is this\b/, 'Parallelism explained, Validation'],
  [/\b(On a wafer|In the store|Out of the store)\b/, 'Wafer memory, Weight store, Streamed per step'],
  [/\bBehind the best\b/, 'Slower because'],
  [/\bis dealt out\b/, 'split'],
  [/\bLike the system\b|\bWays to begin\b|\bMeasure again\b/, 'System, Start page, Re-run benchmark'],
  [/\bNo command has these words\b|\bThis file is no study\b/, 'No matching command. Not an Isoflop study file.'],
  [/\b(Tensor|Stage|Data) messages\b/, 'TP, PP, DP communication'],
  [/\b\d+ layers of \d+\b/, '96 layers, d = 12,288'],
  [/\bAs many points as numbers\b/, 'the fit is exact, so its quality cannot be judged yet'],
  [/'With offset'|\bonly resembles a\b/, 'Power law + constant, is only an approximation'],
  [/[>"]Parametrisation|\bTokenis(e|ing) |[>'"]Licence[<:'"]/, 'Parametrization, Tokenize, License'],
  [/>a (char|byte)</, 'per char, per byte'],
  [/\b(the|compute-optimal) law is of those\b/, 'the law uses only those'],
]

/** Where a phrase may stand: the alias of a command by its name in 0.1.0. */
const allowed = [".alias('toys') // its name in 0.1.0"]

const files = execFileSync('git', ['ls-files', 'src', 'docs', 'resources', 'README.md', 'CONTRIBUTING.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((name) => /\.(ts|vue|md|json)$/.test(name))

const bannedIn = (line: string): string[] =>
  allowed.some((text) => line.includes(text))
    ? []
    : banned.filter(([phrase]) => phrase.test(line)).map(([phrase, instead]) => `${phrase.exec(line)![0]} → ${instead}`)

it('a phrase is found where it stands, and an ordinary sentence passes', () => {
  expect(bannedIn('Loss, nats a token')).toHaveLength(1)
  expect(bannedIn("What the law foretold, and the likeliest token of a Toy's text")).toHaveLength(3)
  expect(bannedIn('Which tokens a step sees; the same bits a second time; loss (nats/token)')).toEqual([])
})

it('window, command line, docs and messages speak the English of the field', () => {
  expect(files.length).toBeGreaterThan(500)
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) => bannedIn(line).map((what) => `${file}:${i + 1}: ${what}`)),
  )
  expect(found).toEqual([])
})
