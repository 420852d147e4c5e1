// Scripts of package.json side by side: each lane one after another, several lanes at once, every script's words whole.
import { spawn } from 'node:child_process'

/** One script to its end; what it said is shown where it failed. */
function script(name) {
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', name], { shell: process.platform === 'win32' })
    let words = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += chunk))
    child.on('close', (status) => {
      const seconds = Math.round((performance.now() - startedMs) / 1000)
      const isGood = status === 0
      process.stdout.write(`── ${name}: ${isGood ? 'good' : 'failed'}, ${seconds} s ──\n${isGood ? '' : words}`)
      resolve({ name, isGood, seconds })
    })
  })
}

async function lane(names) {
  const done = []
  for (const name of names) done.push(await script(name))
  return done
}

/** What became of every script of every lane. */
export const runLanes = async (...lanes) => (await Promise.all(lanes.map(lane))).flat()
