// `npm run check`: types, lint, unused code and the quick tests, two at a time; what has not changed is not linted
// again.
import { runLanes } from './lanes.mjs'

const done = await runLanes(['lint'], ['types', 'unused', 'unit'])
process.exitCode = done.every(({ isGood }) => isGood) ? 0 : 1
