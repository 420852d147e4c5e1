// What the rooms' own buttons do, for the palette: it goes where a person would go and presses what one would press.
import { useLocalStorage } from '@vueuse/core'
import type { ViewName } from './shell.ts'

export interface RoomCommand {
  text: string
  room: ViewName
  /** Other words that a person may look for. */
  words?: string
  /** Page or layout of the room, as it remembers it. */
  page?: readonly [key: string, value: string]
  /** The button that is pressed there: its test mark, or what it says. */
  press?: string
}

const models = 'isoflop.models-page'
const law = 'isoflop.law-page'
const chart = 'isoflop.law-view'
const cluster = 'isoflop.cluster-page'
const evaluation = 'isoflop.evaluation-page'
const layout = 'isoflop.training-layout'

export const roomCommands: readonly RoomCommand[] = [
  {
    text: 'Add text from files',
    room: 'data',
    press: '[choose-files]',
    words: 'upload import corpus dataset open load',
  },
  { text: 'Tokenize the text', room: 'data', press: '[tokenize]', words: 'tokenise tokenizer bpe vocabulary encode' },
  { text: 'Add a member', room: 'family', press: '[add-member]', words: 'size model new row ladder' },
  { text: 'Add an IsoFLOP grid', room: 'family', press: '[add-isoflop]', words: 'parabola chinchilla budgets sizes' },
  {
    text: 'Add members on fixed tokens',
    room: 'family',
    press: '[add-fixed-tokens]',
    words: 'pythia style same tokens',
  },
  { text: 'Runs as a list', room: 'training', page: [layout, 'list'], words: 'layout view' },
  {
    text: 'Runs as a table',
    room: 'training',
    page: [layout, 'table'],
    words: 'layout view sort filter group columns csv',
  },
  { text: 'Loss against compute', room: 'law', page: [chart, 'loss'], words: 'chart law power fit curve' },
  { text: 'IsoFLOP parabolas', room: 'law', page: [chart, 'isoflop'], words: 'chart profile minimum optimal size' },
  {
    text: 'Optimal N and D',
    room: 'law',
    page: [chart, 'optimum'],
    words: 'chart exponent allocation parameters tokens',
  },
  {
    text: 'Compare with another study',
    room: 'law',
    page: [law, 'compare'],
    words: 'multiplier difference versus against',
  },
  {
    text: 'Sweeps of this study',
    room: 'law',
    page: [law, 'sweeps'],
    words: 'learning rate batch seed tune hyperparameter',
  },
  {
    text: 'Axes of the chart: log or linear, limits',
    room: 'law',
    page: [law, 'law'],
    press: 'Axes',
    words: 'axis logarithmic scale zoom from to',
  },
  {
    text: 'Axes of the chart of the runs: log or linear, limits',
    room: 'training',
    press: 'Axes',
    words: 'axis logarithmic scale zoom from to outliers last steps curves',
  },
  {
    text: 'Save or copy the chart',
    room: 'law',
    page: [law, 'law'],
    press: 'Save or copy this chart',
    words: 'export download png svg pdf csv picture image',
  },
  {
    text: 'Save or copy the chart of the runs',
    room: 'training',
    press: 'Save or copy this chart',
    words: 'export download png svg pdf csv picture image curves',
  },
  {
    text: 'Evaluate models on tasks',
    room: 'evaluation',
    page: [evaluation, 'setup'],
    words: 'benchmark harness accuracy downstream score',
  },
  {
    text: 'Accuracy against compute',
    room: 'evaluation',
    page: [evaluation, 'chart'],
    words: 'chart downstream benchmark',
  },
  {
    text: 'Playground: generate text',
    room: 'models',
    page: [models, 'play'],
    words: 'prompt chat write sample continue talk',
  },
  {
    text: 'Weights of the chosen model',
    room: 'models',
    page: [models, 'weights'],
    words: 'tensors histogram parameters',
  },
  { text: 'Attention of the chosen model', room: 'models', page: [models, 'attention'], words: 'heads map look' },
  { text: 'Compare two models', room: 'models', page: [models, 'compare'], words: 'diff difference versus' },
  { text: 'Evaluate the chosen model', room: 'models', press: '[evaluate-entry]', words: 'benchmark score tasks' },
  {
    text: 'Plan a training on a cluster',
    room: 'cluster',
    page: [cluster, 'plan'],
    words: 'gpu wafer emulate machine time cost',
  },
  { text: 'Parallelism explained', room: 'cluster', page: [cluster, 'parallelism'], words: 'tensor pipeline data gpu' },
  { text: 'Compare published runs', room: 'cluster', page: [cluster, 'sides'], words: 'side by side' },
  {
    text: 'Scaling over systems',
    room: 'cluster',
    page: [cluster, 'systems'],
    words: '1 to 16 wafer weight streaming',
  },
  {
    text: 'Train on an emulated cluster',
    room: 'cluster',
    page: [cluster, 'live'],
    words: 'live run weight streaming kill',
  },
  {
    text: 'Search every plan',
    room: 'cluster',
    page: [cluster, 'search'],
    words: 'search plans best parallelism find',
  },
  {
    text: 'Validation of the cost model',
    room: 'cluster',
    page: [cluster, 'trust'],
    words: 'error measurements calculon',
  },
]

const mark = (press: string): string | null => /^\[(.+)\]$/.exec(press)?.[1] ?? null

/** The button in the open room; null where there is none, or where it cannot be pressed now. */
function buttonOf(press: string): HTMLButtonElement | null {
  const all = [...document.querySelectorAll<HTMLButtonElement>('main button')]
  const name = mark(press)
  const found = all.find((one) =>
    name ? one.dataset['testid'] === name : (one.getAttribute('aria-label') ?? one.textContent!.trim()) === press,
  )
  return found && !found.disabled ? found : null
}

/** How long a room may take to have its button. */
const patienceMs = 2000

/** Goes there and presses; says whether there was something to press. */
export async function runRoomCommand(
  { room, page, press }: RoomCommand,
  go: (room: ViewName) => void,
): Promise<boolean> {
  if (page) useLocalStorage(page[0], '').value = page[1]
  go(room)
  if (!press) return true
  for (const untilMs = Date.now() + patienceMs; Date.now() < untilMs;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const button = buttonOf(press)
    if (!button) continue
    button.focus()
    button.click()
    return true
  }
  return false
}
