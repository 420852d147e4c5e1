import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { parseTable, readTable } from '#main/platform/disk/tables.ts'

const fault = (text: string): string => {
  try {
    parseTable(text, 'runs.csv')
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return (error as Fault).message
  }
  throw new Error('a table came back')
}

describe('a table', () => {
  it('reads quotes, blank lines, either line ending and a byte-order mark', () => {
    const { columns, rows, lines } = parseTable(
      '\uFEFFname, flops ,loss\r\n"a, ""b""",1e18,2\r\n\r\n"two\nlines",2,3\n',
      'runs.csv',
    )
    expect(columns).toEqual(['name', 'flops', 'loss'])
    expect(rows).toEqual([
      ['a, "b"', '1e18', '2'],
      ['two\nlines', '2', '3'],
    ])
    expect(lines).toEqual([2, 4])
  })

  it.each([';', '\t'])('is separated by %j where its header has no comma', (mark) => {
    const lines = [
      ['"loss, nats"', 'flops'],
      ['"2;5\t""c"""', '1e18'],
    ]
    expect(parseTable(lines.map((line) => line.join(mark)).join('\r\n'), 'runs.csv')).toEqual({
      columns: ['loss, nats', 'flops'],
      rows: [['2;5\t"c"', '1e18']],
      lines: [2],
    })
  })

  it.each([
    ['a;b\n1;2\n', 'after semicolons'],
    ['a\tb\n1\t2\n', 'after tabs'],
    ['  \r\na;b\n1;2\n', 'below a blank line'],
    ['size 5";b\n1;"2,5"\n', 'with a quote inside a name'],
    ['a\tb; c\n1\t2\n', 'at the first separator of several'],
  ])('divides %j %s', (text) => {
    expect(parseTable(text, 'runs.csv').columns).toHaveLength(2)
  })

  it('checks a header of very many columns by looking at each once', () => {
    const names = Array.from({ length: 400_000 }, (_, i) => `c${i}`)
    expect(fault(`${names.join(',')}\n`)).toBe('runs.csv has column names and no rows.')
    expect(fault(`${[...names, 'c7'].join(',')}\n1\n`)).toMatch(/two columns called "c7"/)
  })

  it('of any text is gone through once', () => {
    expect(parseTable(`a\n${'{"a":'.repeat(200_000)}\n`, 'runs.csv').rows).toHaveLength(1)
    expect(fault(`a\n${'1\n'.repeat(20_001)}`)).toBe('runs.csv has 20001 rows; at most 20000 trainings are taken.')
  })

  it('is not waited for at a pipe, nor read from a device', () => {
    const folder = mkdtempSync(join(tmpdir(), 'isoflop-table-'))
    const pipe = join(folder, 'runs.csv')
    execFileSync('mkfifo', [pipe])
    for (const path of [pipe, '/dev/zero', folder]) expect(() => readTable(path)).toThrow(`${path} is not a file.`)
    rmSync(folder, { recursive: true })
  })

  it('says what is wrong with a file', () => {
    expect(fault('')).toBe('runs.csv is empty; the first line must name its columns.')
    expect(fault('a,b\n')).toBe('runs.csv has column names and no rows.')
    expect(fault('a,b,a\n1,2,3\n')).toBe('runs.csv has two columns called "a"; rename one of them.')
    expect(fault('a,b\n1,2\n\n3\n')).toBe('Line 4 of runs.csv has 1 cells, the header has 2.')
    expect(fault('a,b\n"1,2\n')).toMatch(/never closes, opened in the row at line 2/)
    expect(() => readTable('/nowhere/runs.csv')).toThrow('/nowhere/runs.csv does not exist.')
  })
})
