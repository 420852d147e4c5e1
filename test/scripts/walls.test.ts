// Each wall stands: one import that it must stop, and one beside it that it must let in.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, test } from 'vitest'
// @ts-expect-error a plain module without types
import { walls } from '../../scripts/walls.mjs'

const root = join(__dirname, '../..')
const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser },
      plugins: { '@typescript-eslint': tseslint.plugin },
    },
    ...walls,
  ] as never,
})

async function messagesFor(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: join(root, file) })
  return result!.messages.map(({ message }) => message)
}

const value = (specifier: string) => `import { x } from '${specifier}'`
const type = (specifier: string) => `import type { x } from '${specifier}'`

interface Wall {
  file: string
  stopped: string[]
  passes: string[]
}

const cases: Wall[] = [
  {
    file: 'src/shared/family/x.ts',
    stopped: [
      value('node:path'),
      value('vue'),
      value('#main/lab/lab.ts'),
      value('../../main/lab/lab.ts'),
      value('./y'),
    ],
    passes: [value('./y.ts'), value('../fault.ts'), value('../../../resources/families/opt.json')],
  },
  {
    file: 'src/main/platform/disk/x.ts',
    stopped: [value('#main/core/engine/engine.ts'), type('#main/lab/news.ts'), value('koffi'), value('node:http')],
    passes: [value('node:fs'), value('#shared/fault.ts'), value('libsql')],
  },
  {
    file: 'src/main/platform/processes/x.ts',
    stopped: [value('node:fs'), value('#main/core/training/train.ts')],
    passes: [value('node:child_process')],
  },
  {
    file: 'src/main/platform/hub/x.ts',
    stopped: [value('node:child_process'), value('#main/platform/processes/host.ts')],
    passes: [value('#main/platform/disk/files.ts'), value('@huggingface/hub')],
  },
  {
    file: 'src/main/core/training/x.ts',
    stopped: [
      value('#main/lab/news.ts'),
      type('#main/lab/news.ts'),
      value('#main/doors/common/answer.ts'),
      value('node:fs'),
      value('#main/core/engine/gpt.ts'),
      value('#main/core/evaluation/evaluate.ts'),
      value('../engine/engine.ts'),
    ],
    passes: [value('#main/core/engine/engine.ts'), value('#main/platform/disk/files.ts'), value('./batches.ts')],
  },
  {
    file: 'src/main/core/engine/native/x.ts',
    stopped: [value('#main/core/training/train.ts'), value('../../training/train.ts'), value('node:fs')],
    passes: [value('../kernels.ts'), value('koffi')],
  },
  {
    file: 'src/main/core/corpus/x.ts',
    stopped: [value('#main/core/tokenizer/tokenizer.ts'), value('koffi')],
    passes: [value('hyparquet')],
  },
  {
    file: 'src/main/lab/runs/x.ts',
    stopped: [
      value('#main/core/engine/gpt.ts'),
      value('#main/core/training/train.ts'),
      value('#main/lab/studies/studies.ts'),
      value('node:fs'),
      value('#main/doors/web/door.ts'),
      type('#main/doors/web/door.ts'),
    ],
    passes: [type('#main/core/training/train.ts'), type('#main/lab/studies/studies.ts'), value('#main/lab/news.ts')],
  },
  {
    file: 'src/main/lab/x.ts',
    stopped: [value('electron'), value('#main/core/engine/create.ts'), value('node:child_process')],
    passes: [value('./runs/runs.ts'), type('#main/core/engine/create.ts'), value('zod')],
  },
  {
    file: 'src/main/doors/web/x.ts',
    stopped: [
      value('electron'),
      value('#main/core/engine/engine.ts'),
      value('#main/lab/runs/runs.ts'),
      value('node:fs'),
    ],
    passes: [value('ws'), value('node:http'), type('#main/lab/lab.ts'), value('#main/doors/common/answer.ts')],
  },
  {
    file: 'src/main/doors/electron/x.ts',
    stopped: [value('node:http'), value('#main/doors/web/door.ts'), value('#main/core/training/train.ts')],
    passes: [value('electron')],
  },
  {
    file: 'src/main/doors/common/x.ts',
    stopped: [value('electron'), value('node:http'), value('#main/doors/web/door.ts')],
    passes: [value('#shared/lab.ts')],
  },
  {
    file: 'src/main/doors/cli/x.ts',
    stopped: [value('electron'), value('#main/core/engine/gpt.ts'), value('#main/lab/runs/runs.ts')],
    passes: [value('commander'), value('#main/lab/lab.ts'), value('#main/core/bench/bench.ts')],
  },
  { file: 'src/main/index.ts', stopped: [value('#main/core/engine/engine.ts')], passes: [value('#main/lab/lab.ts')] },
  { file: 'src/main/cli.ts', stopped: [value('#main/lab/lab.ts')], passes: [value('#main/doors/cli/runs.ts')] },
  { file: 'src/main/worker.ts', stopped: [value('#main/lab/lab.ts')], passes: [value('#main/core/corpus/ingest.ts')] },
  { file: 'src/preload/x.ts', stopped: [value('node:fs'), value('#main/lab/lab.ts')], passes: [value('electron')] },
  {
    file: 'src/renderer/src/charts/x.ts',
    stopped: [
      value('../stores/runs.ts'),
      value('#renderer/views/x.vue'),
      value('../bridge.ts'),
      value('#main/lab/lab.ts'),
    ],
    passes: [value('#shared/run.ts'), value('#shared/numbers.ts')],
  },
  { file: 'src/renderer/src/format/x.ts', stopped: [value('../stores/runs.ts')], passes: [value('#shared/run.ts')] },
  ...['curves', 'fitting'].map((room) => ({
    file: `src/renderer/src/${room}/x.ts`,
    stopped: [value('../stores/runs.ts'), value('../views/law/x.ts'), value('../bridge.ts')],
    passes: [value('#shared/run.ts'), value('../format/times.ts')],
  })),
  {
    file: 'src/renderer/src/stores/x.ts',
    stopped: [value('../views/training/x.vue'), value('../components/x.vue'), value('node:fs')],
    passes: [value('../bridge.ts')],
  },
  {
    file: 'src/renderer/src/views/training/x.ts',
    stopped: [value('../../bridge.ts'), value('electron')],
    passes: [value('../../stores/runs.ts')],
  },
]

describe('the walls of the house', () => {
  for (const { file, stopped, passes } of cases) {
    test(`${file} stops what is not its own`, async () => {
      for (const code of stopped) expect(await messagesFor(file, code), code).not.toEqual([])
      for (const code of passes) expect(await messagesFor(file, code), code).toEqual([])
    })
  }

  test('every room of src/main has a wall: an import of a package nobody knows is stopped in each', async () => {
    const storeys = ['doors', 'lab', 'core', 'platform']
    const rooms = storeys.flatMap((storey) =>
      readdirSync(join(root, 'src/main', storey), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `src/main/${storey}/${entry.name}`),
    )
    expect(rooms.length).toBeGreaterThan(20)
    for (const room of rooms) {
      for (const file of [`${room}/x.ts`, `${room}/deeper/x.ts`]) {
        expect(await messagesFor(file, value('left-pad')), file).not.toEqual([])
      }
    }
  })

  test('src/main shows three entries and four storeys', () => {
    expect(readdirSync(join(root, 'src/main')).sort()).toEqual([
      'cli.ts',
      'core',
      'doors',
      'index.ts',
      'lab',
      'platform',
      'worker.ts',
    ])
  })
})
