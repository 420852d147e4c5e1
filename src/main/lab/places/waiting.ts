// Why a task waits, for people: Slurm has a hundred and fifty words for it, most of them limits.

/** In the order in which they are looked for: what is one word of Slurm's, and then whole families of them. */
const families: readonly [word: RegExp, why: string][] = [
  [/^Priority$/, 'others are before it'],
  [/^Resources$/, 'no node is free'],
  [/^Nodes_required_for_job/, 'the nodes it needs are down, drained or reserved'],
  [/^(ReqNodeNotAvail|PowerNotAvail|PowerReserved)$/, 'the nodes it needs are down or reserved'],
  [/^BeginTime$/, 'it was given back and begins again in two minutes'],
  [/^JobArrayTaskLimit$/, 'as many as were asked for train at once'],
  [/^JobHeldUser$/, 'it is held'],
  [/^JobHeldAdmin$/, 'an administrator holds it'],
  [/^(job_)?requeued_(in_)?held/, 'it was given back and is held; see its log, then resume it'],
  [/^JobHoldMaxRequeue$/, 'it was started too often without success and is held; see its log, then resume it'],
  [
    /^(launch_failed_requeued_held|JobLaunchFailure)$/,
    'it could not be started and is held; see its log, then resume it',
  ],
  [/^Dependency/, 'it waits for another job'],
  [/^Reservation(Deleted|Invalid)$/, 'the reservation that it asks for is not there'],
  [/^Reservation$/, 'it waits for a reservation'],
  [/^Licenses$/, 'its licences are taken'],
  [/^NodeDown$/, 'the node it needs is down'],
  [/^(Cleaning|Prolog|SchedDefer|FedJobLock)$/, 'Slurm is about to look at it'],
  [/^(BadConstraints|Constraints)$/, 'no node is as asked for: change --constraint, --gres or --memory'],
  [/^(InvalidAccount|AccountNotAllowed)$/, 'the account may not run there: change --account'],
  [/^(InvalidQOS|QOSNotAllowed)$/, 'the quality of service may not be used there: change --qos'],
  [/^(AccountingPolicy|QOSUsageThreshold)$/, 'the account is at one of its limits'],
  [/^Partition(Down|Inactive)$/, 'the partition is closed'],
  [/^PartitionTimeLimit$/, 'the partition does not give so much time: lower --time'],
  [/^Partition(NodeLimit|Config)$/, 'the partition does not give so much: lower --cpus, or name another partition'],
  [/^MaxMemPerLimit$/, 'no job may have so much memory: lower --memory'],
  [/MaxWallDuration|TimeLimit$/, 'no job may have so much time: lower --time'],
  [
    /Min(Cpu|Unknown|Mem|Node|GRES|Energy|License|BB|Billing)/,
    'a job must ask for more there: change what is asked for',
  ],
  [/PerJob|PerNode|ResourceLimit$/, 'no job may have so much: lower what is asked for'],
  [/^QOS.*Max.*Jobs?(PerUser|PerAccount)?(Limit)?$|^QOSJobLimit$/, 'you have as many jobs as you may'],
  [/^Assoc.*Jobs?(Limit)?$|^Assoc.*JobLimit$|^Max(Submit)?JobsPerAccount$/, 'the account has as many jobs as it may'],
  [/Minutes|GrpWallLimit/, 'the account has used up its hours'],
  [/^(QOS|Assoc).*(Cpu|CPU)|^MaxCpu/, 'as many CPUs are in use as may be'],
  [/^(QOS|Assoc).*Mem|^MaxMem/, 'as much memory is in use as may be'],
  [/^(QOS|Assoc).*GRES|^MaxGRES/, 'as many GPUs are in use as may be'],
  [/^(QOS|Assoc).*Node|^MaxNode/, 'as many nodes are in use as may be'],
  [/^(QOS|Assoc)|^Max\w+PerAccount$/, 'a limit of yours or of the account is reached'],
]

/** Of these nothing changes while it waits: what is asked for has to. */
const asksWrong = /change (--|what)|lower |name another|is not there|partition is closed/

/** Slurm's words have blanks in some versions, and underscores in others. */
const wordOf = (reason: string): string => /^\w+/.exec(reason.replace(/ /g, '_'))?.[0] ?? ''

function known(reason: string): string | null {
  const word = wordOf(reason)
  return word ? (families.find(([one]) => one.test(word))?.[1] ?? null) : null
}

/** As a sentence goes on, with Slurm's own word behind it. */
export function whyWaiting(reason: string): string {
  const why = known(reason)
  return why ? `${why} (${/^\w+$|^\w+(?=,)/.exec(reason)?.[0] ?? reason})` : reason
}

/** Whether it would wait for ever, unless something else is asked for. */
export const waitsInVain = (reason: string): boolean => asksWrong.test(known(reason) ?? '')
