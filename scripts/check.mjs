// `npm run check`: types, lint, unused code and the quick tests, two at a time; what has not changed is not linted
// again.
import { spawn } from 'node:child_process'

/** One script of package.json to its end; its words come out whole, with how long it took. */
function script(name) {
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', name], { shell: process.platform === 'win32' })
    let words = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += chunk))
    child.on('close', (status) => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
      process.stdout.write(
        `── ${name}: ${status === 0 ? 'good' : 'failed'}, ${seconds} s ──\n${status === 0 ? '' : words}`,
      )
      resolve(status === 0)
    })
  })
}

async function lane(...names) {
  const good = []
  for (const name of names) good.push(await script(name))
  return good.every(Boolean)
}

const lanes = await Promise.all([lane('lint'), lane('types', 'unused', 'unit')])
process.exitCode = lanes.every(Boolean) ? 0 : 1
