// Why sbatch took no jobs: its own words, without what it prints before each, and what to do about them.
import { shortened } from '#shared/bounds.ts'
import { asSentence } from '#shared/printable.ts'

/** By what sbatch says; the words are the same from 20.11 to 25. */
const remedies: readonly [what: RegExp, remedy: string][] = [
  [/No space left|quota exceeded/i, 'Free some of the disk there, then resume it.'],
  [/temporarily un|queue full|MaxJobCount/i, 'The queue is full: resume it when some jobs are done.'],
  [/job array specification/i, 'It takes no array of so many runs: start fewer together.'],
  [/not available \(inactive or drain\)/i, 'The partition is closed: name another, or resume it when it is open.'],
  [/submit limit|SubmitJob/i, 'As many jobs are in the queue as you may have: resume it when some are done.'],
  [/contact slurm controller|timed out|Rate limit/i, 'Slurm does not answer now: resume it later.'],
  [
    /partition|account|constraint|feature|gres|qos|quality of service|configuration|time limit|--time|mem|invalid/i,
    'Change what is asked for with `isoflop cluster add NAME …`, then resume it.',
  ],
]

/** A site's own rules stand before Slurm's sentence or behind it, which may be no more than "Unspecified error". */
function sbatchWords(errors: string): string {
  const lines = errors.split('\n').map((line) => line.replace(/^sbatch: (error|fatal): /, '').trim())
  const said = lines
    .filter((line) => /\w/.test(line) && !/^(sbatch: (warning|info|debug)|Warning: Permanently added)/.test(line))
    .map((line) => line.replace(/^Batch job submission failed: /, ''))
  const telling = said.filter((line, i) => line !== 'Unspecified error' && said.indexOf(line) === i)
  return shortened((telling.length > 0 ? telling : said).join(' · '), 300)
}

/** What sbatch said, and what to do, as sentences about the cluster of that name; `then`: what is done after that. */
export function whyRefused(name: string, errors: string, then = 'resume it'): string {
  const said = sbatchWords(errors)
  const [, remedy] = remedies.find(([what]) => what.test(said)) ?? [null, 'Resume it when that is mended.']
  return `${asSentence(said || 'sbatch did not say why')} ${remedy.replace('NAME', name).replace('resume it', then)}`
}
