// The bridge, whole: window, preload and main in one process, with structuredClone for the wire.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { labRequests } from '#shared/lab-names.ts'
import type { LabBridge } from '#shared/lab-bridge.ts'
import { serve } from '#main/doors/electron/serve.ts'
import { createTrustedPaths } from '#main/doors/common/trusted-paths.ts'
import { startNewsFeed } from '#main/doors/common/news-feed.ts'
import { newsChannel } from '#shared/channels.ts'
import { guard } from '#renderer/bridge.ts'
import { runSummary } from '../../../support/run-summary.ts'
import { scriptedLab, type ScriptedLab } from '../../../support/scripted-lab.ts'

/** Both ends of Electron's wire; what crosses is cloned, as it is there. */
const wire = vi.hoisted(() => ({
  handlers: new Map<string, (event: unknown, ...args: unknown[]) => Promise<unknown>>(),
  hearers: new Map<string, Set<(event: unknown, news: unknown) => void>>(),
  world: {} as Record<string, unknown>,
  frame: { url: 'app://isoflop/', parent: null as unknown },
  sender: { id: 1 },
  saved: [] as unknown[],
}))

vi.mock('electron', () => ({
  ipcMain: { handle: (channel: string, handler: never) => wire.handlers.set(channel, handler) },
  ipcRenderer: {
    invoke: async (channel: string, ...args: unknown[]) =>
      structuredClone(
        await wire.handlers.get(channel)!({ sender: wire.sender, senderFrame: wire.frame }, ...structuredClone(args)),
      ),
    on: (channel: string, hear: never) => wire.hearers.set(channel, (wire.hearers.get(channel) ?? new Set()).add(hear)),
  },
  contextBridge: {
    exposeInMainWorld: (name: string, value: unknown) => {
      wire.world[name] = value
    },
  },
  webUtils: { getPathForFile: (file: { name: string }) => `/dropped/${file.name}` },
}))

const window = { id: 1 }
let lab: ScriptedLab
/** Paths that the person was asked about; those that begin with /agreed are agreed to. */
let asked: string[]
let bridge: LabBridge

beforeEach(async () => {
  vi.resetModules()
  wire.handlers.clear()
  wire.hearers.clear()
  wire.frame = { url: 'app://isoflop/', parent: null }
  wire.sender = window
  lab = scriptedLab('/nowhere')
  asked = []
  const paths = createTrustedPaths({
    lab,
    trusted: ['/lab/exports'],
    agree: async (named) => {
      asked.push(...named)
      return named.every((path) => path.startsWith('/agreed'))
    },
  })
  serve({
    lab,
    dialogs: {
      chooseFiles: async () => ['/text/a.txt'],
      chooseFolder: async () => null,
      saveFile: async (name, bytes) => {
        wire.saved.push([name, bytes])
        return `/saved/${String(name)}`
      },
      noteDropped: async (path) => paths.trust(String(path)),
    },
    paths,
    isOurs: (sender, url, isTopFrame) => isTopFrame && sender === (window as never) && url.startsWith('app://isoflop/'),
  })
  startNewsFeed({
    source: lab,
    send: (kind, value) => {
      for (const hear of wire.hearers.get(newsChannel) ?? []) hear({}, structuredClone({ kind, value }))
    },
    gatherMs: 1,
  })
  await import('../../../../src/preload/index.ts')
  bridge = guard(wire.world.isoflop as LabBridge)
})

describe('the bridge', () => {
  it('carries every request of the contract, its arguments and its answer', async () => {
    const asked: unknown[][] = []
    for (const name of labRequests)
      (lab as never as Record<string, unknown>)[name] = async (...args: unknown[]) => {
        asked.push([name, ...args])
        return { name }
      }
    for (const name of labRequests) {
      expect(
        await (bridge.request as (name: string, ...args: unknown[]) => Promise<unknown>)(
          name,
          '/agreed/a', // where a request takes a path there, the person is asked first
          { b: [1, null] },
        ),
      ).toEqual({ name })
    }
    expect(asked).toEqual(labRequests.map((name) => [name, '/agreed/a', { b: [1, null] }]))
  })

  it('throws a failure again as the Fault it was, with its details', async () => {
    lab.stopRun = async () => {
      throw new Fault('conflict', 'It has finished.', { details: 'run 7' })
    }
    await expect(bridge.request('stopRun', '7')).rejects.toThrow(Fault)
    await expect(bridge.request('stopRun', '7')).rejects.toMatchObject({
      code: 'conflict',
      message: 'It has finished.',
      details: 'run 7',
    })
    lab.stopRun = async () => {
      throw new TypeError('rows is undefined')
    }
    await expect(bridge.request('stopRun', '7')).rejects.toMatchObject({ code: 'failed', message: 'rows is undefined' })
  })

  it('answers no request that is not in the contract', async () => {
    for (const name of ['close', 'listen', 'isTraining', '__proto__', 'constructor']) {
      await expect((bridge.request as (name: string) => Promise<unknown>)(name)).rejects.toMatchObject({
        code: 'bad-input',
      })
    }
  })

  it('answers our own page in our own window alone', async () => {
    lab.listStudies = async () => []
    expect(await bridge.request('listStudies')).toEqual([])
    for (const intruder of [
      { frame: { url: 'https://evil.example/', parent: null }, sender: window },
      { frame: { url: 'app://isoflop.evil/', parent: null }, sender: window },
      { frame: { url: 'app://isoflop/', parent: {} }, sender: window },
      { frame: { url: 'app://isoflop/', parent: null }, sender: { id: 2 } },
      { frame: null, sender: window },
    ]) {
      wire.frame = intruder.frame as never
      wire.sender = intruder.sender
      await expect(bridge.request('listStudies')).rejects.toMatchObject({ code: 'bad-input' })
      await expect(bridge.door.chooseFiles!()).rejects.toThrow('its own window')
    }
  })

  it('brings news until nobody listens any more', async () => {
    const heard: unknown[] = []
    const stop = bridge.listen('run', (run) => heard.push(run.id))
    lab.tell('run', runSummary({ id: 'a' }))
    lab.tell('studyDeleted', { studyId: 's' })
    stop()
    lab.tell('run', runSummary({ id: 'b' }))
    expect(heard).toEqual(['a'])
  })

  it('lets a page name no path of its own without the person', async () => {
    lab.addCorpus = async () => ({ id: 'c' }) as never
    const add = (...paths: string[]) => bridge.request('addCorpus', paths, 'mine')
    await expect(add('/etc/shadow')).rejects.toMatchObject({ code: 'cancelled' })
    bridge.door.pathOfFile!({ name: 'a.txt', size: 1 })
    expect(await add('/dropped/a.txt')).toEqual({ id: 'c' })
    await expect(add('/dropped/a.txt', '/dropped/b.txt')).rejects.toMatchObject({ code: 'cancelled' })
    expect(await add('/agreed/c.txt')).toEqual({ id: 'c' })
    expect(await add('/agreed/c.txt')).toEqual({ id: 'c' })
    expect(asked).toEqual(['/etc/shadow', '/dropped/b.txt', '/agreed/c.txt'])
  })

  it("has the desktop's abilities", async () => {
    expect(await bridge.door.chooseFiles!()).toEqual(['/text/a.txt'])
    expect(await bridge.door.chooseFolder!()).toBeNull()
    expect(await bridge.door.saveFile!('curve.png', new Uint8Array([1, 2]))).toBe('/saved/curve.png')
    expect(wire.saved).toEqual([['curve.png', new Uint8Array([1, 2])]])
    expect(bridge.door.pathOfFile!({ name: 'a.txt', size: 1 })).toBe('/dropped/a.txt')
    expect(bridge.door.uploadFile).toBeUndefined()
  })
})
