// A web door on a scripted lab, and how a stranger knocks on it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import WebSocket from 'ws'
import type { Lab } from '#shared/lab.ts'
import { newsKinds } from '#shared/lab-names.ts'
import { startWebDoor, type WebDoor, type WebDoorOptions } from '#main/doors/web/door.ts'
import { scriptedLab, type ScriptedLab } from '../../../support/scripted-lab.ts'

/** Listeners that one window has in the lab. */
export const newsOfOne = newsKinds.length

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export let folder: string
export let door: WebDoor
export let lab: ScriptedLab

/** Raw, so that Host, Origin and the path go over the wire exactly as written. */
export function knock(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: '127.0.0.1', port: door.port, path, method, headers: { host: `127.0.0.1:${door.port}`, ...headers } },
      (response) => {
        let text = ''
        response
          .setEncoding('utf8')
          .on('data', (chunk) => (text += chunk))
          .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

/** The key of the page that entered last. */
export const page = { key: '' }

export async function enter(): Promise<string> {
  const { search, searchParams } = new URL(door.newUrl())
  page.key = searchParams.get('token')!
  const { headers } = await knock(`/${search}`)
  return headers['set-cookie']![0].split(';')[0]
}

export const origin = () => `http://127.0.0.1:${door.port}`

export function openSocket(
  headers: Record<string, string>,
  path = '/lab',
  protocols = ['isoflop', `key.${page.key}`],
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${door.port}${path}`, protocols, { headers })
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))))
    socket.on('error', reject)
  })
}

export const next = (socket: WebSocket): Promise<any> =>
  new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))))
export const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', (code) => resolve(code)))

export const clock = { nowMs: 0 }

export async function start(
  script: Partial<Lab> = {},
  limits: WebDoorOptions['limits'] = {},
  more: Partial<WebDoorOptions> = {},
): Promise<void> {
  await door?.close()
  lab = scriptedLab(folder, script)
  const nowMs = () => clock.nowMs
  door = await startWebDoor({ lab, port: 0, rendererFolder: join(folder, 'window'), limits, nowMs, ...more })
}

/** Opens a door before each test of a file, and closes it after. */
export function openDoor(): void {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isoflop-web-'))
    mkdirSync(join(folder, 'window', 'assets'), { recursive: true })
    writeFileSync(join(folder, 'window', 'index.html'), '<!doctype html><title>the window</title>')
    writeFileSync(join(folder, 'window', 'assets', 'app-1234.js'), 'export {}')
    writeFileSync(join(folder, 'secret.txt'), 'not for browsers')
    await start()
  })

  afterEach(async () => {
    await door.close()
    rmSync(folder, { recursive: true, force: true })
  })
}
