// Which way imports may run, as ESLint rules. Each wall names what may come in and forbids the rest, and says where a
// thing that hits it should live instead.
//
//   main     doors → lab → core → platform → shared, three entries above them
//   window   views → stores → bridge → shared; charts, curves, fitting, format and components know shared and each
//            other

/** Packages and parts of Node that only one room reaches: the outside world has one door each. */
const reach = {
  'platform/disk': ['node:(fs|fs/promises|stream|stream/promises|zlib)', 'libsql(/.*)?'],
  'platform/hub': ['node:stream/web', '@huggingface/hub', 'node-fetch', 'https-proxy-agent'],
  'platform/processes': ['node:child_process'],
  'core/engine': ['koffi', '@tensorflow/.*'],
  'core/corpus': ['hyparquet', 'hyparquet-compressors'],
  'core/evaluation': ['hyparquet', 'hyparquet-compressors'],
  'core/tokenizer': ['gpt-tokenizer/.*'],
  'core/training': ['zod'],
  lab: ['zod'],
  'doors/cli': ['commander'],
  'doors/electron': ['electron'],
  'doors/web': ['node:(http|net)', 'ws'],
}

/** What knows neither disk, network nor processes, and so is anybody's in the main process. */
const harmless = ['node:(path|os|crypto|util|buffer|module|url)']

/** Which rooms of core a room of core may ask; none of them in a circle. */
const coreAsks = {
  corpus: [],
  tokenizer: [],
  engine: [],
  'cluster-validation': [],
  'model-formats': ['engine', 'tokenizer'],
  generation: ['engine', 'model-formats', 'tokenizer'],
  evaluation: ['corpus', 'engine', 'model-formats', 'tokenizer'],
  'cluster-training': ['engine'],
  training: ['engine', 'cluster-training', 'generation', 'model-formats', 'tokenizer'],
  'mup-checks': ['engine', 'training', 'model-formats', 'tokenizer'],
  bench: ['engine'],
  reports: [],
}

/** The engine's port; only the rooms that run a model's own blocks, one at a time, see more of it. */
const enginePort = 'engine/(engine|create|measure|choose|kernels)\\.ts'
const seesEngine = ['bench', 'cluster-training']

/** Files of core so light that the host itself may run them: no tensor enters the window's process. */
const hostRuns = [
  'corpus/(bundled|sample)\\.ts',
  'tokenizer/(files|tokenizer)\\.ts',
  'engine/choose\\.ts',
  'evaluation/(tasks|synthetic-tasks)\\.ts',
  'model-formats/checkpoint\\.ts',
  'training/intervals\\.ts',
  'cluster-validation/report\\.ts',
].map((file) => `#main/core/${file}`)

/**
 * What the command line may have of core beside the lab: measuring this computer, training a run that came as a file
 * where there is no lab, looking at a file by its path, and what is plain arithmetic (a text of synthetic tasks, the
 * cost model against a file of measurements).
 */
const cliRuns = [
  'bench/.*',
  'cluster-validation/judge\\.ts',
  'evaluation/synthetic-tasks\\.ts',
  'model-formats/(describe|safetensors|torch-file)\\.ts',
  'training/(records|run-file-job)\\.ts',
].map((file) => `#main/core/${file}`)

/** Rooms of lab that are lent to their siblings as types; values meet in compose.ts and lab.ts. */
const labWords = ['#main/lab/(news|settings|task-queue|record-table|own-files|validation-messages)\\.ts']

const extension = {
  regex: '^(\\.{1,2}/|#(shared|main|renderer)/)(?!.*\\.(ts|vue|js|mjs|cjs|css|json|svg|png)(\\?.*)?$)',
  message: 'Imports carry their extension: ./x.ts.',
}

/** Only shipped data is reached by a path that leaves its room. */
const outOfRoom = (depth) => ({
  regex: `^${'\\.\\./'.repeat(depth)}(?!(\\.\\./)*(resources/|package\\.json))`,
  message: 'This leaves the room: across rooms write #shared/... or #main/....',
})

const inRoom = ['\\.{1,2}/.*']

/** Everything is forbidden but `allow` (regular expressions of whole specifiers), and as types `allowTypes`. */
const wall = (message, allow, allowTypes = []) => {
  const except = (allowed) => `^(?!(${allowed.join('|')})$)`
  const rules = [{ regex: except([...inRoom, ...allow, ...allowTypes]), message }]
  if (allowTypes.length > 0) {
    rules.push({
      regex: `^(?=(${allowTypes.join('|')})$)(?!(${[...inRoom, ...allow].join('|')})$)`,
      allowTypeImports: true,
      message: `${message} Its types may be had: import type.`,
    })
  }
  return rules
}

const restrict = (files, patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [...patterns, extension] }] },
})

/** The files of a room of src/main, at any depth of it. */
const roomFiles = (room, patterns) => [
  restrict([`src/main/${room}/*.ts`], [...patterns, outOfRoom(1)]),
  restrict([`src/main/${room}/*/**/*.ts`], [...patterns, outOfRoom(2)]),
]

const coreRooms = Object.entries(coreAsks).flatMap(([room, asked]) => {
  const siblings = asked.map(
    (other) => `#main/core/${other === 'engine' && !seesEngine.includes(room) ? enginePort : `${other}/.*`}`,
  )
  return roomFiles(
    `core/${room}`,
    wall(
      `core/${room} computes and knows no host: it may have shared, platform${asked.length > 0 ? ` and of core ${asked.join(', ')}` : ''}. Hand the rest in, or move this to the room that owns it.`,
      ['#shared/.*', '#main/platform/.*', ...siblings, ...harmless, ...(reach[`core/${room}`] ?? [])],
    ),
  )
})

const platformRooms = ['disk', 'hub', 'processes'].flatMap((room) =>
  roomFiles(
    `platform/${room}`,
    wall(`platform/${room} knows bytes, rows and processes, not the rooms that use them. Hand it in as plain data.`, [
      '#shared/.*',
      ...(room === 'disk' ? [] : ['#main/platform/disk/.*']),
      ...harmless,
      ...(reach[`platform/${room}`] ?? []),
    ]),
  ),
)

const labMessage =
  'lab remembers and decides; tensors never enter its process, and its rooms meet in compose.ts. Work goes to a worker as a job.'
const labAllow = ['#shared/.*', '#main/platform/.*', ...hostRuns, ...harmless, ...reach.lab]
const labRooms = [
  restrict(['src/main/lab/*.ts'], wall(labMessage, [...labAllow, '#main/lab/.*'], ['#main/core/.*'])),
  ...[
    'annotations',
    'reports',
    'trash',
    'clusters',
    'computer',
    'corpora',
    'evaluations',
    'models',
    'mup-checks',
    'openness',
    'places',
    'runs',
    'studies',
    'subjects',
  ].flatMap((room) =>
    roomFiles(`lab/${room}`, wall(labMessage, [...labAllow, ...labWords], ['#main/lab/.*', '#main/core/.*'])),
  ),
]

const doorMessage =
  'A door carries requests to the lab and its answers back. What it wants done is a request of src/shared/lab.ts, done by a room of the lab.'
const doorRooms = ['common', 'electron', 'web', 'cli'].flatMap((door) =>
  roomFiles(
    `doors/${door}`,
    wall(
      doorMessage,
      [
        '#shared/.*',
        '#main/platform/.*',
        '#main/doors/common/.*',
        ...(door === 'cli' ? ['#main/doors/web/.*', '#main/lab/lab\\.ts', ...cliRuns, '.*package\\.json'] : []),
        ...harmless,
        ...(reach[`doors/${door}`] ?? []),
      ],
      ['#main/lab/.*'],
    ),
  ),
)

const entries = [
  restrict(
    ['src/main/index.ts'],
    wall('index.ts puts the desktop app together: doors, lab, platform.', [
      '#shared/.*',
      '#main/(doors/(electron|common)|platform)/.*',
      '#main/lab/lab\\.ts',
      'electron',
      ...harmless,
    ]),
  ),
  restrict(['src/main/cli.ts'], wall('cli.ts is the list of commands.', ['#main/doors/cli/.*'])),
  restrict(['src/main/worker.ts'], wall('worker.ts is the list of jobs.', ['#shared/.*', '#main/(core|platform)/.*'])),
]

const windowMessage = 'The window knows the lab through src/renderer/src/bridge.ts alone.'
const noMain = { regex: '^#main/|(^|/)main/|^electron(/|$)|^node:', message: windowMessage }
const alone = {
  regex: '(^#renderer/|^(\\.\\./)+)(stores|views)/|(^|/)bridge\\.ts$',
  message: 'This knows neither stores nor views: take records as props, emit intentions, and let a view connect them.',
}
const windowRooms = [
  restrict(['src/renderer/src/**/*.{ts,vue}'], [noMain]),
  restrict(['src/renderer/src/{charts,components,curves,fitting,format}/**/*.{ts,vue}'], [noMain, alone]),
  restrict(
    ['src/renderer/src/stores/**/*.ts'],
    [
      noMain,
      {
        regex: '(^#renderer/|^(\\.\\./)+)(views|components)/',
        message: 'Imports run views → stores → bridge. Move what is shared into stores/ or #shared.',
      },
    ],
  ),
  restrict(
    ['src/renderer/src/views/**/*.{ts,vue}'],
    [noMain, { regex: '(^|/)bridge\\.ts$', message: 'Views ask a store; the store asks the bridge.' }],
  ),
]

/** As a flat configuration of ESLint. */
export const walls = [
  restrict(
    ['src/shared/**/*.ts'],
    wall('shared is plain types and pure arithmetic: no packages, no Node, no DOM, no process of ours.', [
      '#shared/.*',
    ]).concat({
      regex: '(^|/)(main|renderer|preload)/',
      message: 'shared knows neither process. Move what it needs into src/shared.',
    }),
  ),
  ...platformRooms,
  ...coreRooms,
  ...labRooms,
  ...doorRooms,
  ...entries,
  ...windowRooms,
  restrict(
    ['src/preload/**/*.ts'],
    wall('The preload is a bridge and nothing else: types, #shared and electron.', ['#shared/.*', 'electron']),
  ),
]
