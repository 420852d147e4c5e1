// Slurm's text as clusters of several versions print it.
import { describe, expect, it } from 'vitest'
import { howItEnded, readJobId, readQueue, whyWaiting } from '#main/lab/places/queue.ts'
import { readAnswer } from '#main/lab/places/questions.ts'

describe('the queue', () => {
  it('is read from the rows of a running array', () => {
    // 22.05.8, recorded
    const rows = readQueue(
      [
        '41_1|PENDING|JobArrayTaskLimit|N/A|',
        '41_2|PENDING|BeginTime|1764217395|',
        '41_0|RUNNING|None|1764217275|n1',
      ].join('\n'),
    )
    expect([...rows.values()]).toEqual([
      { job: '41_1', state: 'PENDING', reason: 'JobArrayTaskLimit', startsMs: null, nodes: '' },
      { job: '41_2', state: 'PENDING', reason: 'BeginTime', startsMs: 1_764_217_395_000, nodes: '' },
      { job: '41_0', state: 'RUNNING', reason: '', startsMs: 1_764_217_275_000, nodes: 'n1' },
    ])
  })
  it('passes over a greeting, and reads the times of a cluster that does not give seconds', () => {
    const rows = readQueue(
      'Welcome to the cluster | use it well | no | jobs | here\n7_3|PENDING|(Nodes required for job are DOWN, DRAINED)|2026-11-27T05:00:00|\n\n',
    )
    expect([...rows.keys()]).toEqual(['7_3'])
    expect(rows.get('7_3')!.startsMs).toBe(Date.parse('2026-11-27T05:00:00'))
  })
  it('says why a run waits in words, with the word that Slurm uses', () => {
    expect(whyWaiting('Priority')).toBe('others are before it (Priority)')
    expect(whyWaiting('QOSMaxJobsPerUserLimit')).toContain('as many jobs as you may')
    expect(whyWaiting('SomethingNew')).toBe('SomethingNew')
    expect(whyWaiting('')).toBe('')
  })
  it('says what to do about each way to end', () => {
    for (const state of ['OUT_OF_MEMORY', 'TIMEOUT', 'NODE_FAIL', 'CANCELLED', 'PREEMPTED', 'DEADLINE', null])
      expect(howItEnded(state)).toMatch(/[Rr]esume it/)
    expect(howItEnded('OUT_OF_MEMORY')).toContain('--memory')
  })
})

describe('the number of a job', () => {
  it('is found behind a greeting, and before the name of a cluster', () => {
    expect(readJobId('41\n')).toBe('41')
    expect(readJobId('41;tetralith\n')).toBe('41')
    expect(readJobId('sbatch: your project has 3 % left\n 1041\n')).toBe('1041')
  })
  it('is missed in a sentence', () => {
    expect(() => readJobId('Submitted batch job')).toThrow('Submitted batch job')
    expect(() => readJobId('')).toThrow('nothing')
  })
})

describe('an answer', () => {
  const text = (...parts: string[]) => Buffer.from(`motd of the site\n${parts.map((part) => `\nN ${part}`).join('')}`)
  it('is read whatever the records hold', () => {
    const answer = readAnswer(
      text(
        'queue\n9_0|RUNNING|None|1|n1\n',
        'status 0\n',
        'records r\n{"a":"ü\\nN end"}\n{"b":',
        'log r\nlast words\n',
        'end\n',
      ),
      'N',
    )
    expect(answer?.runs.get('r')).toEqual({
      records: Buffer.from('{"a":"ü\\nN end"}\n{"b":'),
      isShorter: false,
      log: 'last words',
    })
    expect(answer?.rows?.size).toBe(1)
  })
  it('that was cut off is none', () => {
    expect(readAnswer(text('queue\n', 'status 0\n', 'records r\n{}\n'), 'N')).toBeNull()
    expect(readAnswer(Buffer.from(''), 'N')).toBeNull()
  })
  it('of a job that Slurm has forgotten is an empty queue, and other trouble is told', () => {
    expect(
      readAnswer(text('queue\nslurm_load_jobs error: Invalid job id specified\n', 'status 1\n', 'end\n'), 'N')?.rows
        ?.size,
    ).toBe(0)
    const down = readAnswer(
      text(
        'queue\nslurm_load_jobs error: Unable to contact slurm controller (connect failure)\n',
        'status 1\n',
        'end\n',
      ),
      'N',
    )
    expect(down?.rows).toBeNull()
    expect(down?.trouble).toContain('Unable to contact')
  })
})
