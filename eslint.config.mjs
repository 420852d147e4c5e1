// The walls of the house: who may import what, and where a thing that hits a wall should live instead.
import { readdirSync } from 'node:fs'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

/** The doors, and `doors/` itself: what they share (requests, news, content policy). */
const doors = ['app', 'web', 'cli', 'doors', 'index.ts', 'cli.ts']

/** A wall stops every room but those in `except`; a room is a folder or file of src/main. */
const mainWalls = [
  {
    regex: '^electron(/|$)',
    except: ['app', 'index.ts'],
    message: 'Electron has one door: src/main/app. Take a function or a plain record that came through it.',
  },
  {
    regex: '^(node:)?(http|https|http2|net|tls|dgram|dns)(/|$)|^ws$',
    except: ['web'],
    message: 'The network has one door: src/main/web. Listen and connect there.',
  },
  {
    regex: '^(node:)?(child_process|cluster|worker_threads)$',
    except: ['work'],
    message: 'Other processes have one door: src/main/work. Fork there and pull its async generator of records.',
  },
  {
    regex: '^(node:)?fs(/promises)?$|^libsql(/|$)',
    except: ['storage'],
    message: 'The disk has one door: src/main/storage. Put the reading or writing there and take strings, bytes or records.',
  },
  {
    regex: '^(koffi|webgpu)$|^@tensorflow/',
    except: ['engine'],
    message: 'Tensors and devices have one door: src/main/engine. Implement a kernel there.',
  },
  {
    regex: '^#main/engine/(?!(engine|create|measure|choose)\\.ts$)',
    except: ['engine', 'bench', 'streaming'], // streaming runs the model's own blocks, one at a time, in processes of its own
    message: 'The insides of the engine stay inside: ask the port, #main/engine/engine.ts, or move this into src/main/engine.',
  },
  {
    regex: '^#main/((app|web|cli|doors)/|(index|cli)\\.ts$)',
    except: doors,
    message: 'Imports run app, web, cli → lab → rooms → shared. What a room needs from a door is handed in.',
  },
  {
    regex: '^#main/lab\\.ts$',
    except: doors,
    message: 'Rooms do not know the front desk. Move what is wanted into the room that owns the noun.',
  },
  { regex: '^#renderer/|/renderer/', except: [], message: 'Main and window never import each other. What both want lives in src/shared.' },
]

/** Walls that only some rooms have. */
const extraWalls = {
  corpus: [textWall()],
  tokenizer: [textWall()],
  data: [textWall()],
  trainer: [{ regex: '^#main/engine/(?!engine\\.ts$)', message: 'The trainer knows the Engine port alone, #main/engine/engine.ts; the engine is handed in.' }],
  engine: [{ regex: '^#main/(?!engine/|storage/)', message: 'The engine knows tensors and nothing of the lab. The caller in work/ or runs/ should do this.' }],
  storage: [{ regex: '^#main/(?!storage/)', message: 'Storage knows bytes and rows, not the rooms that keep them. Hand it in as plain data.' }],
}

function textWall() {
  return { regex: '^#main/(?!storage/|corpus/|tokenizer/|data/)', message: 'The text rooms know nobody: src/main/work or runs strings rooms together.' }
}

const folders = readdirSync(new URL('./src/main', import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
const rootFiles = ['index.ts', 'cli.ts', 'worker.ts', 'lab.ts', 'rooms.ts', 'checks.ts', 'news.ts', 'settings.ts']

const wallsOf = (room) => [
  ...mainWalls.filter(({ except }) => !except.includes(room)).map(({ regex, message }) => ({ regex, message })),
  ...(extraWalls[room] ?? []),
]

const restrict = (files, patterns) => ({ files, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } })

/** Across rooms it is `#main/...`: a relative path that leaves its room is a hole in the wall. Only shipped data is reached that way. */
const outOfRoom = (prefix) => ({ regex: `^${prefix}(?!(\\.\\./)*resources/)`, message: 'This leaves the room: across rooms write #shared/... or #main/....' })

const extension = {
  regex: '^(\\.{1,2}/|#(shared|main|renderer)/)(?!.*\\.(ts|vue|js|mjs|cjs|css|json|svg|png)(\\?.*)?$)',
  message: 'Imports carry their extension: ./x.ts.',
}

const mainRooms = [
  ...folders.flatMap((room) => [
    restrict([`src/main/${room}/*.ts`], [...wallsOf(room), outOfRoom('\\.\\./'), extension]),
    restrict([`src/main/${room}/*/**/*.ts`], [...wallsOf(room), outOfRoom('\\.\\./\\.\\./'), extension]),
  ]),
  ...rootFiles.map((file) => restrict([`src/main/${file}`], [...wallsOf(file), extension])),
]

const noMain = { regex: '^#main/|(^|/)main/|^electron(/|$)|^node:', message: 'The window knows the lab through src/renderer/src/bridge.ts alone.' }
const windowRooms = [
  restrict(['src/renderer/src/**/*.{ts,vue}'], [noMain]),
  restrict(
    ['src/renderer/src/{charts,components}/**/*.{ts,vue}'],
    [noMain, { regex: '(^#renderer/|^(\\.\\./)+)(stores|views)/|(^|/)bridge\\.ts$', message: 'Charts and components know #shared alone: take records as props, emit intentions, and let a view connect them.' }],
  ),
  restrict(
    ['src/renderer/src/stores/**/*.ts'],
    [noMain, { regex: '(^#renderer/|^(\\.\\./)+)(views|components)/', message: 'Imports run views → stores → bridge. Move what is shared into stores/ or #shared.' }],
  ),
  restrict(
    ['src/renderer/src/views/**/*.{ts,vue}'],
    [noMain, { regex: '(^|/)bridge\\.ts$', message: 'Views ask a store; the store asks the bridge.' }],
  ),
]

const nodeNames = Object.fromEntries(
  ['process', 'Buffer', 'console', 'URL', 'URLSearchParams', 'fetch', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'AbortSignal',
    'AbortController', 'performance', 'TextDecoder', 'TextEncoder', 'structuredClone', 'queueMicrotask', 'globalThis'].map((name) => [name, 'readonly']),
)

export default [
  { ignores: ['out/**', 'dist/**', 'build/**', 'coverage/**', 'test-results/**', 'node_modules/**', 'docs/**', '.cache/**', 'shared/**'] },
  ...tseslint.configs.recommended,
  ...vue.configs['flat/essential'],
  { files: ['**/*.vue'], languageOptions: { parserOptions: { parser: tseslint.parser } }, rules: { 'no-undef': 'off' } },
  {
    files: ['**/*.{ts,vue,js,mjs,cjs}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'eqeqeq': ['error', 'always', { null: 'ignore' }],
      'no-constant-binary-expression': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'no-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only, so a thing has one name everywhere.' }],
      'no-console': 'error',
    },
  },
  { files: ['src/main/cli.ts', 'src/main/cli/**', 'src/main/index.ts', 'src/main/app/**', 'src/main/web/**', 'src/main/work/**'], rules: { 'no-console': 'off' } },
  {
    files: ['src/shared/**/*.ts', 'src/main/{corpus,tokenizer,data,engine,trainer,checkpoint}/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Chance is handed in as a seed: see #shared/random.ts.' }],
    },
  },
  restrict(
    ['src/shared/**/*.ts'],
    [
      { regex: '^(?!\\.{1,2}/|#shared/)', message: 'src/shared is plain types and pure arithmetic: no packages, no Node, no DOM.' },
      { regex: '(^|/)(main|renderer|preload)/', message: 'src/shared knows neither process. Move what it needs into src/shared.' },
      extension,
    ],
  ),
  ...mainRooms,
  ...windowRooms,
  restrict(['src/preload/**/*.ts'], [{ regex: '^(?!#shared/|electron$)', message: 'The preload is a bridge and nothing else: types, #shared and electron.' }]),
  { files: ['src/shared/**/*.ts', 'src/main/**/*.ts'], rules: { '@typescript-eslint/no-require-imports': 'error' } },
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: nodeNames }, rules: { 'no-undef': 'error' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
]
