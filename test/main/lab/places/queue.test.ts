// Slurm's text as clusters of several versions print it.
import { describe, expect, it } from 'vitest'
import { howItEnded } from '#main/lab/places/ended.ts'
import { isOnNodes, isWaiting, readJobId, readQueue } from '#main/lab/places/queue.ts'
import { readAnswer } from '#main/lab/places/questions.ts'
import { whyWaiting } from '#main/lab/places/waiting.ts'

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
  it('knows every state that squeue prints, by the manuals of 20.11 to 25.05', () => {
    const goingOn =
      'CONFIGURING COMPLETING EXPEDITING PENDING POWER_UP_NODE RUNNING RESV_DEL_HOLD REQUEUE_FED REQUEUE_HOLD REQUEUED RESIZING SIGNALING SPECIAL_EXIT STAGE_OUT STOPPED SUSPENDED UPDATE_DB'
    const over =
      'BOOT_FAIL CANCELLED DEADLINE FAILED LAUNCH_FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED RECONFIG_FAIL REVOKED TIMEOUT'
    for (const state of goingOn.split(' '))
      expect([isWaiting(state), isOnNodes(state)].filter(Boolean), state).toHaveLength(1)
    for (const state of over.split(' ')) {
      expect(isWaiting(state) || isOnNodes(state), state).toBe(false)
      expect(howItEnded(state)).toMatch(/[Rr]esume it/)
    }
  })
  it('is read where several clusters answer, of jobs in parts, and with nodes and reasons in brackets', () => {
    const rows = readQueue(
      [
        'CLUSTER: far',
        '51+0|RUNNING|None|1764217275|n1', // a heterogeneous job: none of ours
        '52_[3-9%2]|PENDING|JobArrayTaskLimit|N/A|', // an array that is not taken apart
        '52_1|RUNNING|None|1764217275|n[1-3,7]',
        '52_2|PENDING|ReqNodeNotAvail, UnavailableNodes:n[4-5]|N/A|',
        '53|PENDING|(null)|NONE|(null)',
      ].join('\n'),
    )
    expect([...rows.keys()]).toEqual(['52_1', '52_2', '53'])
    expect(rows.get('52_1')!.nodes).toBe('n[1-3,7]')
    expect(whyWaiting(rows.get('52_2')!.reason)).toBe('the nodes it needs are down or reserved (ReqNodeNotAvail)')
    expect(rows.get('53')).toMatchObject({ reason: '', startsMs: null, nodes: '' })
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
    // Slurm without cgroups, and what the kernel or the disk did there
    for (const log of [
      '2026-11-27 05:00:00 r: ended with 137',
      'slurmstepd: error: Detected 1 oom_kill event in StepId=9.batch. Some of the step tasks have been OOM Killed.',
      'slurmstepd: error: Detected 1 oom-kill event(s) in StepId=9.batch cgroup.',
      'slurmstepd: error: Job 9 exceeded memory limit (2097152 > 1048576), being killed',
    ])
      expect(howItEnded('FAILED', log), log).toContain('--memory')
    expect(howItEnded('FAILED', 'write error: No space left on device')).toContain('Free some of it')
    expect(howItEnded('FAILED', 'close failed: Disk quota exceeded')).toContain('Free some of it')
    expect(howItEnded('FAILED', 'Segmentation fault')).toContain('what its log says')
  })
})

describe('the number of a job', () => {
  it('is found behind a greeting, and before the name of a cluster', () => {
    expect(readJobId('41\n')).toBe('41')
    expect(readJobId('41;tetralith\n')).toBe('41')
    expect(readJobId('123;cluster')).toBe('123')
    expect(readJobId('7;my.cluster-2\r\n')).toBe('7')
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
        'saved r\n',
        'log r\nlast words\n',
        'end\n',
      ),
      'N',
    )
    expect(answer?.runs.get('r')).toEqual({
      records: Buffer.from('{"a":"ü\\nN end"}\n{"b":'),
      isShorter: false,
      hasSaved: true,
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
