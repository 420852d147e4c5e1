// npm run setup:nvrtc — fetches NVIDIA's run-time compiler (a PyPI wheel of 25 MB) into ~/.cache/isoflop, for those who
// change the kernels of the engine `cuda` and for the test that what is checked in is what they make. Never shipped.
import { spawnSync } from 'node:child_process'
import { fetched, findNvrtc, wheel } from './cuda/nvrtc.mjs'

if (!findNvrtc()) {
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', fetched, wheel]
  const { status, error } = spawnSync('python3', pip, { stdio: ['ignore', 2, 2], timeout: 600_000 })
  if (status !== 0 || !findNvrtc()) {
    console.error(
      `${wheel} could not be fetched${error ? `: ${error.message}` : ''}; on Debian this needs python3-pip.`,
    )
    process.exit(1)
  }
}
console.log(findNvrtc())
