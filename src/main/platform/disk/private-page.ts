// A page on disk that only its owner can read and that leads on to a secret link: a program's arguments are shown to
// everybody on the machine, a file is not.
import { promises as fs } from 'node:fs'

/** Writes it anew at `path`. The link must be plain ASCII without quotes. */
export async function writePrivatePage(path: string, link: string): Promise<void> {
  await removePrivatePage(path)
  const page = `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${link}"><title>Isoflop</title><a href="${link}">Isoflop</a>
`
  await fs.writeFile(path, page, { flag: 'wx', mode: 0o600 })
}

export async function removePrivatePage(path: string): Promise<void> {
  await fs.rm(path, { force: true })
}
