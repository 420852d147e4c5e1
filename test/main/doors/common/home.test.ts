// Where everything is kept.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { homeFolder } from '#main/doors/common/home.ts'

it('the data folder is the last one named, else ISOFLOP_HOME, else ~/.isoflop', () => {
  expect(homeFolder([], {})).toBe(join(homedir(), '.isoflop'))
  expect(homeFolder(['app'], { ISOFLOP_HOME: '/data/lab' })).toBe(resolve('/data/lab'))
  expect(homeFolder(['app', '--data', '/a'], { ISOFLOP_HOME: '/b' })).toBe(resolve('/a'))
  expect(homeFolder(['app', '--data=/a b'], {})).toBe(resolve('/a b'))
  expect(homeFolder(['app', '--data', 'relative'], {})).toBe(resolve('relative'))
})
