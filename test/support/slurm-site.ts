// A cluster to try the command line on: a real Slurm, an sshd in front of it, and a text to train on.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ensureBuilt, type BuiltApp } from './build.ts'
import { startSlurm, type LocalSlurm } from './slurm.ts'
import { smallText } from './small-text.ts'
import { startSshd, type LocalSshd } from './sshd.ts'

export interface SlurmSite {
  app: BuiltApp
  /** Everything is below it; the text is `text.txt`. */
  folder: string
  slurm: LocalSlurm
  sshd: LocalSshd
  /** Commands in this folder stand before Slurm's own on the login node. */
  front: string
  stop(): void
}

export async function startSlurmSite(): Promise<SlurmSite> {
  const app = ensureBuilt()
  const folder = mkdtempSync(join(tmpdir(), 'isf-slurm-'))
  writeFileSync(join(folder, 'text.txt'), smallText(400_000))
  const slurm = await startSlurm(join(folder, 'slurm'))
  const front = join(folder, 'front')
  mkdirSync(front)
  const sshd = await startSshd(join(folder, 'ssh'), { ...slurm.env, PATH: `${front}${delimiter}${slurm.env.PATH}` })
  const stop = (): void => {
    sshd.stop()
    slurm.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { app, folder, slurm, sshd, front, stop }
}
