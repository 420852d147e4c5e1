// Whole or not at all: what files.ts promises, with real files, a full disk and killed processes.
import { spawn, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  promises,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sweepFolders, sweepLeftovers } from '#main/platform/disk/staging.ts'
import {
  hashFile,
  listFolder,
  makeFolder,
  openFile,
  readJson,
  readText,
  writeFile,
  writeFileAtomically,
} from '#main/platform/disk/files.ts'
import { removeFolder, writeFolderAtomically } from '#main/platform/disk/folders.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-files-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const noSpace = () =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })

it('a folder on a disk that can only be read is refused as that, whatever Node says of it', async () => {
  const making = vi.spyOn(promises, 'mkdir').mockImplementation(async (path, options) => {
    const code = options && typeof options === 'object' && options.recursive ? 'ENOENT' : 'EROFS'
    throw Object.assign(new Error(`${code}: mkdir '${String(path)}'`), { code, syscall: 'mkdir' })
  })
  await expect(makeFolder(join(home, 'exports/x'))).rejects.toThrow('exports/x: the disk can only be read.')
  expect(making).toHaveBeenLastCalledWith(join(home, 'exports'))
  making.mockRestore()
})

describe('a file', () => {
  it('is written whole, with its folders, from text, bytes or pieces', async () => {
    const path = join(home, 'a/b/c.txt')
    await writeFileAtomically(path, 'one')
    expect(readFileSync(path, 'utf8')).toBe('one')
    await writeFileAtomically(path, new Uint8Array([116, 119, 111]))
    expect(readFileSync(path, 'utf8')).toBe('two')
    await writeFileAtomically(
      path,
      (async function* () {
        yield Buffer.from('th')
        yield Buffer.from('ree')
      })(),
    )
    expect(readFileSync(path, 'utf8')).toBe('three')
    expect(readdirSync(join(home, 'a/b'))).toEqual(['c.txt'])
  })

  it('stays as it was when the disk fills up while it is written, and the sentence names it', async () => {
    const path = join(home, 'c.txt')
    await writeFileAtomically(path, 'old')
    const writing = writeFileAtomically(
      path,
      (function* () {
        yield Buffer.from('ne')
        throw noSpace()
      })(),
    )
    await expect(writing).rejects.toMatchObject({
      code: 'disk-full',
      message: `Could not write ${path}: the disk is full. Nothing half-written was kept; free some space and try again.`,
    })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(home)).toEqual(['c.txt'])
  })

  it('is not replaced unless that is allowed', async () => {
    const path = join(home, 'c.txt')
    await writeFileAtomically(path, 'old')
    await expect(writeFileAtomically(path, 'new', { overwrite: false })).rejects.toMatchObject({ code: 'conflict' })
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it('that is missing, or no JSON, is named', async () => {
    const path = join(home, 'none.json')
    await expect(readText(path)).rejects.toMatchObject({
      code: 'not-found',
      message: `Could not read ${path}: it is not there.`,
    })
    writeFileSync(path, '{"a":')
    await expect(readJson(path)).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining(path) })
  })

  it('that is a pipe, a device or a folder is refused at once', async () => {
    const pipe = join(home, 'pipe')
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
    for (const path of [pipe, '/dev/zero', home])
      for (const read of [readText, openFile, hashFile])
        await expect(read(path)).rejects.toMatchObject({
          code: 'bad-input',
          message: expect.stringContaining(path) as string,
        })
  })

  it('is hashed and read from the middle; reading past its end is damage', async () => {
    const path = join(home, 'abc')
    writeFileSync(path, 'abc')
    expect(await hashFile(path)).toEqual({
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    })
    const file = await openFile(path)
    const two = new Uint8Array(2)
    await file.readInto(two, 1)
    expect(Buffer.from(two).toString()).toBe('bc')
    await expect(file.readInto(two, 2)).rejects.toMatchObject({ code: 'damaged' })
    await file.close()
  })
})

describe('a folder', () => {
  const fill = (text: string) => (aside: string) => writeFile(join(aside, 'file.txt'), text)

  it('is written whole and replaced whole', async () => {
    const folder = join(home, 'export')
    await writeFolderAtomically(
      folder,
      async (aside) => {
        await writeFile(join(aside, 'file.txt'), '1')
        await writeFile(join(aside, 'other.txt'), '1')
      },
      { overwrite: false },
    )
    await expect(writeFolderAtomically(folder, fill('2'), { overwrite: false })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(readFileSync(join(folder, 'file.txt'), 'utf8')).toBe('1')
    await writeFolderAtomically(folder, fill('2'), { overwrite: true })
    expect(readdirSync(folder)).toEqual(['file.txt'])
    expect(readFileSync(join(folder, 'file.txt'), 'utf8')).toBe('2')
    expect(readdirSync(home)).toEqual(['export'])
  })

  it('that exists and is empty needs no permission', async () => {
    mkdirSync(join(home, 'empty'))
    await writeFolderAtomically(join(home, 'empty'), fill('1'), { overwrite: false })
    expect(readdirSync(join(home, 'empty'))).toEqual(['file.txt'])
  })

  it('with something of a person’s in it is never replaced', async () => {
    writeFileSync(join(home, 'thesis.tex'), 'years')
    const writing = writeFolderAtomically(home, fill('1'), {
      overwrite: true,
      replaceable: (name) => name === 'file.txt',
    })
    await expect(writing).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('thesis.tex') })
    expect(readdirSync(home)).toEqual(['thesis.tex'])
  })

  it('keeps its old content when filling fails, and leaves nothing aside', async () => {
    const folder = join(home, 'export')
    await writeFolderAtomically(folder, fill('old'), { overwrite: false })
    const failing = writeFolderAtomically(
      folder,
      async (aside) => {
        await writeFile(join(aside, 'file.txt'), 'ne')
        throw noSpace()
      },
      { overwrite: true },
    )
    await expect(failing).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(`Could not write ${folder}: the disk is full`),
    })
    const inside = writeFolderAtomically(folder, (aside) => writeFile(join(aside, 'no/such/place'), ''), {
      overwrite: true,
    })
    await expect(inside).rejects.toMatchObject({
      code: 'not-found',
      message: `Could not write ${join(folder, 'no/such/place')}: it is not there.`,
    })
    expect(readFileSync(join(folder, 'file.txt'), 'utf8')).toBe('old')
    expect(readdirSync(home)).toEqual(['export'])
  })

  it('in which somebody stands is filled, not exchanged', async () => {
    const here = process.cwd()
    const target = join(home, 'here')
    mkdirSync(target)
    process.chdir(target)
    try {
      const write = (name: string) =>
        writeFolderAtomically('.', (aside) => writeFile(join(aside, name), name), { overwrite: true })
      await write('one')
      expect(readdirSync('.')).toEqual(['one'])
      await write('two')
      expect(readdirSync('.')).toEqual(['two'])
      const failing = writeFolderAtomically(
        '.',
        async (aside) => {
          await writeFile(join(aside, 'three'), 'x')
          throw noSpace()
        },
        { overwrite: true },
      )
      await expect(failing).rejects.toMatchObject({ code: 'disk-full' })
      expect(readdirSync('.')).toEqual(['two'])
    } finally {
      process.chdir(here)
    }
  })

  it('on which a disk is mounted is filled', async (context) => {
    const target = join(home, 'mounted')
    mkdirSync(target)
    if (spawnSync('mount', ['-t', 'tmpfs', 'none', target]).status !== 0) return context.skip('only root may mount')
    try {
      await writeFolderAtomically(target, (aside) => writeFile(join(aside, 'one'), 'one'), { overwrite: false })
      expect(readdirSync(target)).toEqual(['one'])
    } finally {
      spawnSync('umount', [target])
    }
  })

  it('behind a link stays behind it', async () => {
    mkdirSync(join(home, 'real'))
    symlinkSync(join(home, 'real'), join(home, 'link'))
    await writeFolderAtomically(join(home, 'link'), fill('1'), { overwrite: false })
    expect(readFileSync(join(home, 'real/file.txt'), 'utf8')).toBe('1')
  })

  it('cannot take the place of a file', async () => {
    writeFileSync(join(home, 'taken'), '')
    await expect(writeFolderAtomically(join(home, 'taken'), fill('1'), { overwrite: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('is a file'),
    })
  })

  it('is removed as a whole; removing nothing is no failure', async () => {
    mkdirSync(join(home, 'gone/deep'), { recursive: true })
    await removeFolder(join(home, 'gone'))
    await removeFolder(join(home, 'gone'))
    expect(readdirSync(home)).toEqual([])
  })
})

describe('leftovers of a crash', () => {
  const deadPid = spawnSync(process.execPath, ['-e', '']).pid

  it('are swept: unfinished things go, an old version without its successor comes back', async () => {
    mkdirSync(join(home, `.a.writing-${deadPid}-0`))
    writeFileSync(join(home, `.b.txt.writing-${deadPid}-1`), 'half')
    mkdirSync(join(home, `.c.replaced-${deadPid}-2`))
    writeFileSync(join(home, `.c.replaced-${deadPid}-2`, 'file'), 'precious')
    mkdirSync(join(home, 'd'))
    mkdirSync(join(home, `.d.replaced-${deadPid}-3`))
    mkdirSync(join(home, `.e.writing-${process.ppid}-4`)) // a living process is still at it
    writeFileSync(join(home, '.profile'), 'not ours')
    await sweepLeftovers(home)
    expect(readdirSync(home).sort()).toEqual([`.e.writing-${process.ppid}-4`, '.profile', 'c', 'd'].sort())
    expect(readFileSync(join(home, 'c/file'), 'utf8')).toBe('precious')
    expect(await listFolder(home)).toEqual(['c', 'd'])
  })

  it('are swept wherever in a lab they lie', async () => {
    const folder = join(home, 'runs', 'one', 'checkpoints')
    mkdirSync(join(folder, '.step-1.writing-999999999-0'), { recursive: true })
    mkdirSync(join(folder, 'step-0'))
    await sweepFolders(home)
    expect(readdirSync(folder)).toEqual(['step-0'])
  })

  it('are swept by the next write to the same folder', async () => {
    writeFileSync(join(home, `.b.txt.writing-${deadPid}-1`), 'half')
    await writeFileAtomically(join(home, 'b.txt'), 'whole')
    expect(readdirSync(home)).toEqual(['b.txt'])
  })

  it('never show under the name: a process killed while writing leaves a whole old or a whole new folder', async () => {
    const folder = join(home, 'work', 'kept')
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: 'test/support/rewrite-for-ever.ts',
        outDir: home,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: 'rewrite.mjs' } },
      },
    })
    for (let kill = 0; kill < 6; kill++) {
      const child = spawn(process.execPath, [join(home, 'rewrite.mjs'), folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise((done) => child.stdout.once('data', done))
      await new Promise((done) => setTimeout(done, 10 + 13 * kill))
      child.kill('SIGKILL')
      await new Promise((done) => child.once('exit', done))
      await sweepLeftovers(join(home, 'work'))
      expect(readdirSync(join(home, 'work'))).toEqual(['kept'])
      const contents = ['a', 'b', 'c'].map((name) => readFileSync(join(folder, name), 'utf8'))
      expect(contents[0]).toHaveLength(180000)
      expect(new Set(contents).size).toBe(1)
    }
  })
})
