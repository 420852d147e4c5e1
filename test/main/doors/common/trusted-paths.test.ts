// Which paths a window may name by itself.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createTrustedPaths, type TrustedPaths } from '#main/doors/common/trusted-paths.ts'
import { pathsIn } from '#main/lab/requests.ts'

let asked: string[][]
let paths: TrustedPaths
beforeEach(() => {
  asked = []
  paths = createTrustedPaths({
    trusted: ['/lab/exports'],
    lab: { pathsIn: (request, args) => pathsIn('/lab/exports', request, args) },
    agree: async (named) => {
      asked.push([...named])
      return false
    },
  })
})

describe('a path', () => {
  it('is asked about wherever a request names it', async () => {
    const folder = { kind: 'folder', path: '/secret' }
    const requests: [string, unknown[]][] = [
      ['addCorpus', [['/a', '/secret'], 'x']],
      ['importModel', [folder, null]],
      ['importModel', [{ kind: 'files', paths: ['/secret'] }, null]],
      ['addTaskFile', ['lambada', 'items', '/secret']],
      ['addTask', ['/secret']],
      ['export', [{ kind: 'run', runId: 'r', step: 1 }, '/secret', false]],
      ['export', [folder, '/lab/exports/x', false]],
      ['generate', [folder, {}, 'g']],
      ['describeWeights', [folder]],
      ['readAttention', [folder, 'text', 0]],
      ['compareWeights', [{ kind: 'model', modelId: 'm' }, folder]],
      ['startEvaluations', ['s', [{ kind: 'model', modelId: 'm' }, folder], [], {}]],
      ['startEvaluations', ['s', [], [], { files: { items: null, shots: '/secret' } }]],
      ['setAutomaticEvaluation', ['s', { options: { files: { items: '/secret', shots: null } } }]],
    ]
    for (const [request, args] of requests) {
      asked = []
      await expect(paths.check(request, args), request).rejects.toMatchObject({ code: 'cancelled' })
      expect(asked.flat(), request).toContain('/secret')
    }
  })

  it('that was chosen may be used, and what lies in it', async () => {
    const check = (path: string) => paths.check('addCorpus', [[path], 'x'])
    paths.trust('/texts')
    for (const path of ['/texts', '/texts/', '/texts/a.txt', '/texts/..a/b', '/lab/exports/mine']) await check(path)
    expect(asked).toEqual([])
    for (const path of ['/texts2', '/texts/../secret', '/text', '/', '/lab/exports/../isoflop.db', 'texts'])
      await expect(check(path), path).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('is the one that the lab will take: from home, and an export among the exports', async () => {
    paths.trust(process.cwd())
    for (const path of ['~/.ssh/id_rsa', 'secret.txt'])
      await expect(paths.check('addCorpus', [[path], 'x'])).rejects.toMatchObject({ code: 'cancelled' })
    expect(asked).toEqual([[join(homedir(), '.ssh/id_rsa')], [join(homedir(), 'secret.txt')]])
    const subject = { kind: 'run', runId: 'r', step: 1 }
    await paths.check('export', [subject, 'mine', false])
    await expect(paths.check('export', [subject, '../mine', false])).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('is none in what names none, whatever came', async () => {
    for (const [request, args] of [
      ['listCorpora', []],
      ['addCorpus', [[1, null, {}], 'x']],
      ['addCorpus', 'x'],
      ['addCorpus', [{ length: 1e9 }]],
      ['importModel', [null]],
      ['constructor', ['/secret']],
      ['__proto__', ['/secret']],
      [{ toString: 1 }, ['/secret']],
    ] as const)
      await paths.check(request, args)
    expect(asked).toEqual([])
  })
})
