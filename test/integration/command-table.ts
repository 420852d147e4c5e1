// What every command of the command line does in seconds, and what it refuses.
import { join } from 'node:path'
import { tinyStudy } from '../support/command-line.ts'

export const model = join(__dirname, '../fixtures/evaluation/model')

/** A row for each command: what it does here in seconds, and what it refuses with which status. */
export const commands: Record<string, { does: string[][]; refuses: [string[], number][] }> = {
  plan: {
    does: [['--family', 'starter']],
    refuses: [
      [['--largest', '5'], 1],
      [['--budget', '0x10'], 2],
    ],
  },
  'corpus list': { does: [[]], refuses: [[['--nothing'], 2]] },
  'corpus add': {
    does: [['text.txt', '--name', 'Text', '--license', 'CC0', '--notes', 'Ours.']],
    refuses: [
      [['nowhere.txt'], 1],
      [[''], 2],
    ],
  },
  'corpus synthetic': { does: [['--to', 'synthetic.txt', '--documents', '2']], refuses: [[['--to', 'text.txt'], 1]] },
  'corpus edit': {
    does: [['Text', '--name', 'Text', '--license', '', '--notes', 'Of ours.']],
    refuses: [
      [['Text'], 2],
      [['nobody', '--name', 'x'], 1],
      [['Text', '--field', 'body'], 1],
    ],
  },
  'corpus delete': {
    does: [],
    refuses: [
      [['Te'], 1],
      [['', '--yes'], 2],
    ],
  },
  train: {
    does: [['--name', 'Tiny', '--corpus', 'Text', '--engine', 'reference', '--member', '28.3k', ...tinyStudy]],
    refuses: [
      [['--corpus', 'nowhere'], 1],
      [['--tokens', '5'], 2],
      [['--threads', '0x2'], 2],
    ],
  },
  annotate: {
    does: [
      ['last', '--tag', 'baseline', '--note', ''],
      ['Tiny', '--study', '--note', 'Small.'],
    ],
    refuses: [
      [['last'], 2],
      [['nobody', '--tag', 'a'], 1],
    ],
  },
  runs: {
    does: [[], ['--study', 'Tiny'], ['--tag', 'baseline'], ['--where', 'tag = baseline and seed = 0']],
    refuses: [
      [['--study', 'nobody'], 1],
      [['--where', 'loss <'], 1],
    ],
  },
  resume: {
    does: [],
    refuses: [
      [[], 1],
      [['last'], 1],
      [['nobody'], 1],
    ],
  },
  compare: {
    does: [['--points', 'points.csv', 'points.csv', '--x', 'flops', '--y', 'loss']],
    refuses: [
      [['Tiny'], 2],
      [['Tiny', 'nobody'], 1],
    ],
  },
  // every run here is scored on the whole split already
  rescore: {
    does: [],
    refuses: [
      [['Tiny'], 1],
      [['nobody'], 1],
    ],
  },
  try: {
    does: [['Tiny', '--set', 'decay=wsd']],
    refuses: [
      [['Tiny', '--set', 'nothing=1'], 1],
      [['nobody', '--set', 'decay=wsd'], 1],
      [['Tiny'], 2],
    ],
  },
  sweep: {
    does: [['Tiny', '--field', 'peak-learning-rate', '--member', '28.3k']],
    refuses: [
      [['Tiny'], 1],
      [['Tiny', '--field', 'nothing'], 2],
      [['Tiny', '--field', 'decay', '--times', '1,2'], 1],
      [['Tiny', '--field', 'layers', '--times', '1,2', '--values', '1,2'], 2],
    ],
  },
  'cluster add': { does: [['here', '--ssh', 'none', '--folder', 'there']], refuses: [[['new'], 2]] },
  'cluster list': { does: [[]], refuses: [[['--nothing'], 2]] },
  // what needs a Slurm is tried in slurm.test.ts
  'cluster check': { does: [], refuses: [[['nobody'], 1]] },
  'cluster follow': {
    does: [],
    refuses: [
      [[], 1],
      [['nobody'], 1],
    ],
  },
  'cluster remove': { does: [['here']], refuses: [[['here'], 1]] },
  'hand-over': {
    does: [],
    refuses: [
      [['nobody', 'carried'], 1],
      [['nobody'], 2],
    ],
  },
  'submit-files': {
    does: [],
    refuses: [
      [['carried', '--study', 'nobody'], 1],
      [['carried'], 2],
    ],
  },
  take: { does: [], refuses: [[['nowhere'], 1]] },
  job: {
    does: [],
    refuses: [
      [['nowhere.json'], 1],
      [['text.txt'], 1],
    ],
  },
  'studies list': { does: [[]], refuses: [[['--nothing'], 2]] },
  'studies create': { does: [['One']], refuses: [[[''], 2]] },
  'studies rename': { does: [['One', 'Two']], refuses: [[['nobody', 'x'], 1]] },
  'studies duplicate': { does: [['Two']], refuses: [[['nobody'], 1]] },
  'studies archive': { does: [['Two copy']], refuses: [[['nobody'], 1]] },
  'studies unarchive': { does: [['Two copy']], refuses: [[['nobody'], 1]] },
  'studies write': {
    does: [
      ['Two', '--to', 'two.json'],
      ['Tiny', '--locked', '--to', 'locked.json'],
    ],
    refuses: [
      [['Two', '--to', 'text.txt'], 1],
      [['Two', '--locked', '--to', 'never.json'], 1],
    ],
  },
  'studies read': {
    does: [['two.json']],
    refuses: [
      [['text.txt'], 1],
      [['.'], 1],
      [['nowhere.json'], 1],
    ],
  },
  'studies repeat': {
    does: [['locked.json']],
    refuses: [
      [['two.json'], 1],
      [['nobody'], 1],
    ],
  },
  'studies delete': {
    does: [['Two copy', '--yes']],
    refuses: [
      [['Tw'], 1],
      [['', '--yes'], 2],
    ],
  },
  report: {
    does: [['Tiny', '--out', 'report.html']],
    refuses: [
      [['Tiny', '--out', 'report.html'], 1],
      [['nobody', '--out', 'x.html'], 1],
    ],
  },
  'trash list': { does: [[], ['--json']], refuses: [[['--nothing'], 2]] },
  'trash restore': { does: [['Two copy']], refuses: [[['Two copy'], 1]] },
  'trash empty': { does: [['--yes']], refuses: [[['nobody', '--yes'], 1]] },
  export: {
    does: [['last', '--to', 'exported']],
    refuses: [
      [['last', '--to', 'exported'], 1],
      [['last'], 2],
    ],
  },
  generate: {
    does: [
      ['last', '--prompt', 'The', '--tokens', '5'],
      ['--checkpoint', 'exported', '--prompt', '', '--tokens', '5'],
    ],
    refuses: [
      [['nobody', '--prompt', 'x'], 1],
      [['--checkpoint', 'nowhere', '--prompt', 'x'], 1],
      [['last'], 2],
    ],
  },
  import: {
    does: [[model], [model, '--dry-run']],
    refuses: [
      [['.'], 1],
      [['no such model'], 1],
    ],
  },
  'models list': { does: [[]], refuses: [[['--nothing'], 2]] },
  'models delete': { does: [['model', '--yes']], refuses: [[['nobody', '--yes'], 1]] },
  inspect: {
    does: [['exported/model.safetensors']],
    refuses: [
      [['text.txt'], 1],
      [['.'], 1],
      [['nowhere'], 1],
    ],
  },
  evaluate: {
    does: [
      ['--run', 'last', '--task', 'copy', '--limit', '3', '--samples', 'samples.jsonl'],
      ['--run', 'last', '--task', 'own.json'],
    ],
    refuses: [
      [['--run', 'last', '--task', 'copy', '--limit', '3', '--samples', 'samples.jsonl'], 1],
      [['--run', 'last', '--task', 'copy', '--limit', '3', '--samples', 'text.txt', '--overwrite'], 1],
      [['--run', 'last', '--task', 'juggling'], 1],
      [['--run', 'last', '--task', 'row.json'], 1],
      [['--task', 'copy'], 2],
    ],
  },
  'mup-check': {
    does: [['--study', 'Tiny', '--kind', 'coordinates', '--widths', '8,16', '--steps', '2', '--engine', 'reference']],
    refuses: [
      [['--kind', 'transfer', '--learning-rates', '1e-3'], 1],
      [['--widths', '7,9'], 1],
    ],
  },
  'openness list': { does: [[], ['--csv']], refuses: [[['--nothing'], 2]] },
  'openness show': { does: [['pythia']], refuses: [[['nobody'], 1]] },
  'openness study': { does: [['Tiny']], refuses: [[['nobody'], 1]] },
  'openness add': {
    does: [['row.json']],
    refuses: [
      [['text.txt'], 1],
      [['nowhere.json'], 1],
    ],
  },
  'openness delete': { does: [['our-model']], refuses: [[['pythia'], 1]] },
  fit: {
    does: [['--points', 'points.csv', '--x', 'flops', '--y', 'loss']],
    refuses: [
      [['--points', '.', '--x', 'flops', '--y', 'loss'], 1],
      [['--study', 'Tiny'], 1],
      [[], 1],
    ],
  },
  forecast: {
    does: [
      ['--points', 'points.csv', '--x', 'flops', '--y', 'loss', '--flops', '1e15'],
      ['--published', 'Cerebras-GPT', '--task', 'average', '--hold-out', '2', '--flops', '1e23'],
      '--points points.csv --x flops --y loss --score acc --chance 0.25 --flops 1e15'.split(' '),
    ],
    refuses: [
      [['--points', 'points.csv', '--x', 'flops', '--y', 'loss'], 1],
      [['--published', 'Nobody', '--flops', '1e23'], 1],
      [['--published', 'OPT', '--flops', '1e23'], 1],
      [['--task', 'cloze', '--flops', '1e23'], 1],
      [['--published', 'Pythia', '--hold-out', '0', '--flops', '1e23'], 2],
    ],
  },
  emulate: {
    does: [['--model', 'megatron-22b', '--machine', 'a100-80', '--devices', '8', '--tensor', '8', '--batch', '4']],
    refuses: [[['--model', 'nobody', '--machine', 'a100-80', '--devices', '8', '--batch', '4'], 1]],
  },
  bench: {
    does: [['--shape', 'C', '--only', 'train', '--engine', 'reference', '--pairs', '1', '--seconds', '0.05']],
    refuses: [
      [['--shape', 'C', '--only', 'generate'], 1],
      [['--seconds', 'NaN'], 2],
    ],
  },
  demo: { does: [], refuses: [[['--engine', 'abacus'], 2]] }, // test/integration/cli-work.test.ts runs it
  serve: { does: [], refuses: [[['--port', '99999'], 2]] },
}
