// What Slurm's commands print from 20.11 to 25.05, in tables: who saw it, and what we make of it. "Here" is Slurm
// 22.05.8 of Debian 12, recorded. A name of a repository is where the text was published; SchedMD/slurm is the source.
import { describe, expect, it } from 'vitest'
import { plainCluster } from '#main/doors/cli/cluster.ts'
import { howItEnded } from '#main/lab/places/ended.ts'
import { choosePartition, readPartitions } from '#main/lab/places/partitions.ts'
import { readQueue } from '#main/lab/places/queue.ts'
import { readAnswer } from '#main/lab/places/questions.ts'
import { whyRefused } from '#main/lab/places/refusals.ts'
import { waitsInVain, whyWaiting } from '#main/lab/places/waiting.ts'

describe('a row of the queue', () => {
  it.each([
    // here
    ['41_1|PENDING|JobArrayTaskLimit|N/A|', 'JobArrayTaskLimit', null, ''],
    ['7|CANCELLED|Resources|1764305075|', 'Resources', 1_764_305_075_000, ''],
    ['13|PENDING|PartitionConfig|N/A|', 'PartitionConfig', null, ''],
    // here, with SLURM_TIME_FORMAT=relative of a person, which ours replaces
    ['2_4|COMPLETED|None|04:40:26|n1', '', null, 'n1'],
    // blanks here; underscores as scontrol prints them, and in the tests of aws-parallelcluster
    [
      '9_0|PENDING|Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions|N/A|',
      'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
      null,
      '',
    ],
    [
      '9_0|PENDING|Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions|N/A|(null)',
      'Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions',
      null,
      '',
    ],
    // several nodes, and one whose name has hyphens: AWS ParallelCluster
    ['51_2|RUNNING|None|1764217275|queue1-dy-c5xlarge-[1-3,7]', '', 1_764_217_275_000, 'queue1-dy-c5xlarge-[1-3,7]'],
    // a cluster that does not know SLURM_TIME_FORMAT=%s
    ['51_2|RUNNING|None|2026-11-28T04:44:35|n1', '', Date.parse('2026-11-28T04:44:35'), 'n1'],
  ])('%s', (line, reason, startsMs, nodes) => {
    expect([...readQueue(`CLUSTER: far\n${line}\r\n`).values()]).toMatchObject([{ reason, startsMs, nodes }])
  })
  it.each([
    '51+0|RUNNING|None|1764217275|n1', // heterogeneous
    '52_[3-9%2]|PENDING|JobArrayTaskLimit|N/A|', // an array that is not taken apart
    'squeue: error: Problem talking to database', // here, with SLURM_CLUSTERS
    'JOBID|STATE|REASON|START_TIME|NODELIST',
    'slurm_load_jobs error: Socket timed out on send/recv operation',
  ])('that is none of ours: %s', (line) => expect(readQueue(line).size).toBe(0))
})

describe('a controller that does not answer', () => {
  it.each([
    'slurm_load_jobs error: Unable to contact slurm controller (connect failure)', // slurm_errno.c
    'slurm_load_jobs error: Socket timed out on send/recv operation',
    'slurm_load_jobs error: Connection timed out establishing', // slurm_errno.c, newer
    'slurm_load_jobs error: Rate limit exceeded, please retry momentarily', // since 23.02
    'slurm_load_jobs error: Zero Bytes were transmitted or received',
    "squeue: error: 'far' can't be reached now, or it is an invalid entry for SLURM_CLUSTERS.", // here
  ])('is trouble and no empty queue: %s', (said) => {
    const answer = readAnswer(Buffer.from(`\nN queue\n${said}\n\nN status 1\n\nN end\n`), 'N')
    expect(answer).toMatchObject({ rows: null, trouble: said })
  })
  it('and one that has forgotten the jobs is an empty queue: an error for one of them, nothing for two', () => {
    for (const [said, status] of [
      ['slurm_load_jobs error: Invalid job id specified', 1],
      ['', 0],
    ])
      expect(readAnswer(Buffer.from(`\nN queue\n${said}\n\nN status ${status}\n\nN end\n`), 'N')?.rows?.size).toBe(0)
  })
})

describe('why a run waits', () => {
  /** src/common/job_state_reason.c of SchedMD/slurm, commit 00cd61fa. */
  const reasons = `Priority Dependency Resources PartitionNodeLimit PartitionTimeLimit PartitionDown PartitionInactive
    JobHeldAdmin JobHeldUser BeginTime Licenses AssociationJobLimit AssociationResourceLimit AssociationTimeLimit
    Reservation ReqNodeNotAvail NodeDown BadConstraints JobLaunchFailure InvalidAccount InvalidQOS QOSUsageThreshold
    QOSJobLimit QOSResourceLimit QOSTimeLimit QOSNotAllowed AccountNotAllowed DependencyNeverSatisfied QOSGrpCpuLimit
    QOSGrpCPUMinutesLimit QOSGrpCPURunMinutesLimit QOSGrpJobsLimit QOSGrpMemLimit QOSGrpNodeLimit QOSGrpSubmitJobsLimit
    QOSGrpWallLimit QOSMaxCpuPerJobLimit QOSMaxCpuMinutesPerJobLimit QOSMaxNodePerJobLimit
    QOSMaxWallDurationPerJobLimit QOSMaxCpuPerUserLimit QOSMaxJobsPerUserLimit QOSMaxNodePerUserLimit
    QOSMaxSubmitJobPerUserLimit QOSMinCpuNotSatisfied AssocGrpCpuLimit AssocGrpCPUMinutesLimit AssocGrpCPURunMinutesLimit
    AssocGrpJobsLimit AssocGrpMemLimit AssocGrpNodeLimit AssocGrpSubmitJobsLimit AssocGrpWallLimit AssocMaxJobsLimit
    AssocMaxCpuPerJobLimit AssocMaxWallDurationPerJobLimit AssocMaxSubmitJobLimit JobHoldMaxRequeue JobArrayTaskLimit
    AssocGrpGRES AssocGrpGRESMinutes AssocMaxGRESPerJob QOSGrpGRES QOSMaxGRESPerUser QOSMaxGRESPerJob QOSMinGRES
    QOSMaxMemoryPerUser QOSMaxCpuPerNode MaxCpuPerAccount MaxGRESPerAccount MaxJobsPerAccount MaxSubmitJobsPerAccount
    MaxMemoryPerAccount MaxNodePerAccount PartitionConfig AccountingPolicy MaxMemPerLimit AssocGrpBilling
    AssocGrpBillingMinutes QOSMaxBillingPerUser ReservationDeleted ReservationInvalid Constraints`.split(/\s+/)
  it.each(reasons)('%s is explained', (reason) => {
    expect(whyWaiting(reason)).toMatch(new RegExp(`^[a-z].{8,} \\(${reason}\\)$`))
  })
  it.each([
    ['Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions', /down, drained/],
    ['Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions', /down, drained/],
    ['ReqNodeNotAvail, UnavailableNodes:n[4-5]', /^the nodes it needs .* \(ReqNodeNotAvail\)$/],
    ['ReqNodeNotAvail, Reserved for maintenance', /down or reserved/],
    ['launch failed requeued held', /could not be started/],
    ['launch_failed_requeued_held', /could not be started/],
    ['job requeued in held state', /is held/],
    ['job_requeued_in_held_state', /is held/],
    ['QOSMaxGRESPerUser', /GPUs are in use/],
    ['QOSMaxJobsPerUserLimit', /you have as many jobs/],
    ['AssocMaxJobsLimit', /the account has as many jobs/],
    ['QOSMaxWallDurationPerJobLimit', /lower --time/],
    ['AssocGrpGRESMinutes', /used up its hours/],
    ['SomethingOf2027', /^SomethingOf2027$/],
  ])('%s', (reason, words) => expect(whyWaiting(reason)).toMatch(words))
  it('tells what passes by itself from what would wait for ever', () => {
    for (const reason of ['Priority', 'Resources', 'JobArrayTaskLimit', 'QOSMaxGRESPerUser', 'Licenses', 'Whatever'])
      expect(waitsInVain(reason), reason).toBe(false)
    for (const reason of ['BadConstraints', 'PartitionTimeLimit', 'PartitionConfig', 'PartitionDown', 'InvalidQOS'])
      expect(waitsInVain(reason), reason).toBe(true)
  })
})

describe('a partition', () => {
  const asked = { ...plainCluster('far', '.'), cpus: 8 }
  const chosen = (text: string, more = {}) => choosePartition(readPartitions(text), { ...asked, ...more })
  it.each([
    // here: sinfo groups nodes of several sizes and names the least, with +
    ['cpu*|up|infinite|4+|0/2/0/2\nspare|up|1-00:00:00|4+|0/2/0/2', 'cpu: 2 nodes of 4 or more CPUs, no time limit'],
    ['cpu*|up|2-12:00:00|64|1.2K/300/12/1.5K', 'cpu: 1500 nodes of 64 CPUs, 12 down or drained, at most 2-12:00:00'],
    // two kinds of limits in one partition, by name and size
    ['CLUSTER: far\ng*|up|30:00|4|0/1/0/1\ng*|up|30:00|128|1/0/0/1', 'g: 2 nodes of 4 to 128 CPUs, at most 30:00'],
    // powered down by a cloud: %F counts idle~ as idle
    ['Welcome!\nqueue1*|up|infinite|8|0/10/0/10', 'queue1: 10 nodes of 8 CPUs, no time limit'],
  ])('%s', (text, words) => expect(chosen(text)).toBe(words))
  it.each([
    ['cpu*|down|infinite|64|0/2/0/2', {}, /^The partition cpu is closed \(down\)/],
    ['cpu*|drain|infinite|64|0/2/0/2', {}, /closed \(drain\)/],
    ['cpu*|inact|infinite|64|0/2/0/2', {}, /closed \(inact\)/],
    ['cpu*|up|infinite|64|0/0/2/2\ngpu|up|infinite|64|0/2/0/2', {}, /^All nodes of cpu are down or drained/],
    ['cpu*|up|infinite|4|0/2/0/2', {}, /asks for 8 CPUs and a node of cpu has 4\. Lower --cpus/],
    ['cpu*|up|30:00|64|0/2/0/2', { time: '8:00:00' }, /asks for 8:00:00 and cpu gives at most 30:00\. Lower --time/],
    ['cpu*|up|1-00:00:00|64|0/2/0/2', { time: '2-00' }, /gives at most 1-00:00:00/],
    ['cpu|up|infinite|64|0/2/0/2', {}, /^No partition is the default one: name one of cpu/],
    ['cpu*|up|infinite|64|0/2/0/2', { partition: 'gpu' }, /^There is no partition gpu; there are cpu/],
    ['sinfo: error: Problem talking to database', {}, /name one of none/],
  ])('%s for %o is refused', (text, more, words) => expect(() => chosen(text, more)).toThrow(words))
  it('takes what is just allowed', () => {
    expect(chosen('cpu*|up|1-00:00:00|8|0/2/0/2', { time: '24:00:00' })).toContain('at most 1-00:00:00')
    expect(chosen('a*|down|infinite|8|0/2/0/2\nb|up|infinite|8|0/1/0/1', { partition: 'a,b' })).toContain('1 node of 8')
  })
})

describe('what sbatch refuses', () => {
  const failed = (words: string) => `sbatch: error: Batch job submission failed: ${words}`
  it.each([
    // here
    [
      `sbatch: error: invalid partition specified: nowhere\n${failed('Invalid partition name specified')}`,
      /^invalid partition specified: nowhere · Invalid partition name specified\. Change what.* add far/,
    ],
    [
      `sbatch: error: Memory specification can not be satisfied\n${failed('Requested node configuration is not available')}`,
      /^Memory specification can not be satisfied · .* Change/,
    ],
    ['sbatch: error: Invalid generic resource (gres) specification', /Change/],
    ['sbatch: error: Invalid --time specification', /Change/],
    [failed('Invalid feature specification'), /Change/],
    [failed('Invalid job array specification'), /start fewer together/],
    // slurm_errno.c
    [failed('Required partition not available (inactive or drain)'), /The partition is closed/],
    [failed("User's group not permitted to use this partition"), /Change/],
    [failed('Requested time limit is invalid (missing or exceeds some limit)'), /Change/],
    [failed('MaxJobCount limit reached'), /The queue is full/],
    [failed('Unable to contact slurm controller (connect failure)'), /does not answer now/],
    [failed('Socket timed out on send/recv operation'), /does not answer now/],
    // handbooks of sites: Perlmutter's rule before Slurm's sentence, a Canadian cluster's behind it
    [
      `sbatch: error: AssocMaxSubmitJobLimit\n${failed("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)")}`,
      /^AssocMaxSubmitJobLimit · .*As many jobs/,
    ],
    [
      `sbatch: error: Logical queue gpu_shared_ss11 requires you to request 32.0 cores\n${failed('Unspecified error')}`,
      /^Logical queue gpu_shared_ss11 .* 32\.0 cores\. Resume/,
    ],
    [
      `${failed('Unspecified error')}\nsbatch: error: ----------\nsbatch: error: You are associated with multiple _cpu allocations...\nsbatch: error: Please specify one of the following accounts to submit this job:`,
      /^You are associated with multiple _cpu allocations.*Change/,
    ],
    ['sbatch: error: A Quality of Service (QoS) has not been provided', /Change/],
    [failed('Unspecified error'), /^Unspecified error\. Resume it/],
    ['sbatch: warning: your project has 3 % left\n', /^sbatch did not say why/],
    ['', /^sbatch did not say why/],
  ])('%s', (errors, words) => {
    expect(whyRefused('far', errors)).toMatch(words)
    expect(whyRefused('far', errors, 'check again')).not.toContain('resume it')
  })
})

describe('how a run ended, where Slurm has forgotten it', () => {
  const [memory, time, node, cancelled] = [/killed for memory.*--memory/, /--time/, /node died/, /was cancelled/]
  it.each([
    [
      'slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.batch cgroup. Some of your processes may have been killed by the cgroup out-of-memory handler.',
      memory,
    ], // older
    [
      'slurmstepd: error: Detected 1 oom_kill event in StepId=45791123.batch. Some of the step tasks have been OOM Killed.',
      memory,
    ], // newer
    ['slurmstepd: error: Job 9 exceeded memory limit (2097152 > 1048576), being killed', memory],
    ['slurmstepd: error: *** JOB 42221 ON clr1247 CANCELLED AT 2022-04-14T16:20:46 DUE TO TIME LIMIT ***', time],
    ['slurmstepd-c0662: error: *** JOB 10763635 ON c0662 CANCELLED AT 2025-07-08T15:13:52 DUE TO TIME LIMIT ***', time],
    ['slurmstepd: error: *** JOB 9 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***', /wanted for another/],
    [
      'slurmstepd: error: *** JOB 9 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***',
      node,
    ],
    ['slurmstepd-n2: error: *** JOB 3 ON n2 CANCELLED AT 2026-11-27T21:57:06 ***', cancelled], // here
    ['slurmstepd: error: *** JOB 7 ON node1 CANCELLED AT 2026-09-21T10:00:00 DUE to SIGNAL Terminated ***', cancelled], // newer
    [
      "node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by node)\nr: ended with 1",
      /older than what was sent.*cluster check/,
    ],
    [
      "/lib64/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by isoflop-native.so)",
      /older than what was sent/,
    ],
    [
      'Lmod has detected the following error:  The following module(s) are unknown: "nodejs"\nnode: command not found',
      /module of the prelude is not there/,
    ],
    [
      "ModuleCmd_Load.c(213):ERROR:105: Unable to locate a modulefile for 'nodejs'\nr: ended with 127",
      /module of the prelude/,
    ],
    ["ERROR: Unable to locate a modulefile for 'nodejs'", /`module avail`/],
    [
      'script: line 17: module: command not found\nscript: line 40: node: command not found\nr: ended with 127',
      /module of the prelude/,
    ],
    [
      '/var/spool/slurmd/job7/slurm_script: line 40: node: command not found\n2026 r: ended with 127',
      /Node\.js is not found.*--prelude/,
    ],
    ['write error: Disk quota exceeded', /quota used up/],
    ["OSError: [Errno 122] Disk quota exceeded: 'runs'", /quota used up/],
    [
      'slurmstepd-n1: error: *** JOB 2 ON n1 CANCELLED AT 2026-11-28T06:06:05 DUE TO JOB REQUEUE ***',
      /not in the queue/,
    ], // here
    ['From step 0 on CPU.', /not in the queue any more/],
  ])('%s', (log, words) => expect(howItEnded(null, log)).toMatch(words))
})
