// Scripts for array schedulers. Each runs `fewpoints work PLAN --level L` with the task's index in the environment, level
// after level.
import { lastTask, type OpenPlan } from './plan.js'

export const SCHEDULERS = ['slurm', 'k8s', 'aws'] as const
export type Scheduler = (typeof SCHEDULERS)[number]

export function emit(plan: OpenPlan, scheduler: Scheduler): string {
  switch (scheduler) {
    case 'slurm':
      return slurm(plan)
    case 'k8s':
      return kubernetes(plan)
    case 'aws':
      return awsBatch(plan)
    default:
      throw new TypeError(`no such scheduler: ${scheduler satisfies never}`)
  }
}

/** Arrays of at most `largest` tasks, level by level. `offset`: the index of an array's first task within its level. */
function arraysOf({ levels }: OpenPlan, largest: number) {
  return levels.map((tasks) =>
    Array.from({ length: Math.ceil(tasks / largest) }, (_, i) => ({
      offset: i * largest,
      count: Math.min(largest, tasks - i * largest),
    })),
  )
}

/** Words for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

const withOffset = (offset: number) => (offset === 0 ? '' : ` --offset ${offset}`)

// Slurm's MaxArraySize is 1001 unless the site raised it: indices 0 to 1000.
const SLURM_LARGEST = 1000

function slurm(plan: OpenPlan): string {
  const jobs = arraysOf(plan, SLURM_LARGEST).map((arrays, level) => {
    const after = level === 0 ? '' : ` --dependency="afterok$level${level - 1}" --kill-on-invalid-dep=yes`
    return [
      `level${level}=`,
      ...arrays.map(({ offset, count }) => {
        const work = `--level ${level}${withOffset(offset)} --threads "\${SLURM_CPUS_PER_TASK:-1}"`
        const wrap = `--wrap="$FEWPOINTS work $PLAN ${work.replaceAll(/["$]/g, '\\$&')}"`
        return `job=$(sbatch --parsable --job-name=fewpoints-${level} --array=0-${count - 1}${after} "$@" ${wrap})\nlevel${level}="$level${level}:\${job%%;*}"`
      }),
    ].join('\n')
  })
  return `#!/bin/sh
# Submits the tasks of a plan to Slurm, an array for each level, each after the one below. Arguments go to every sbatch:
# sh this-file --partition=long --cpus-per-task=4 --mem=2G. After a failure, submit it again: what is there is skipped.
# FEWPOINTS is the command on the nodes (default: fewpoints).
set -eu
FEWPOINTS=\${FEWPOINTS:-fewpoints}
PLAN="${doubleQuoted(quoted(plan.path))}"

${jobs.join('\n\n')}

echo "submitted; the result will be in ${doubleQuoted(lastTask(plan).output)}"
`
}

/** The text between double quotes of a shell. */
const doubleQuoted = (text: string) => text.replaceAll(/["\\$`]/g, '\\$&')

function kubernetes(plan: OpenPlan): string {
  const name = (level: number) => `fewpoints-${lastTask(plan).id.slice(0, 8)}-level-${level}`
  const steps = plan.levels.map((_, level) => {
    const start = level === 0 ? [] : [`#   kubectl patch job/${name(level)} --patch '{"spec":{"suspend":false}}'`]
    return [...start, `#   kubectl wait --for=condition=complete --timeout=24h job/${name(level)}`].join('\n')
  })
  const jobs = plan.levels.map(
    (tasks, level) => `---
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name(level)}
spec:
  suspend: ${level > 0}
  completionMode: Indexed
  completions: ${tasks}
  parallelism: ${Math.min(tasks, 100)}
  backoffLimitPerIndex: 3
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: work
          image: IMAGE
          command: ["fewpoints", "work", ${JSON.stringify(plan.path)}, "--level", "${level}", "--threads", "1"]
          resources:
            requests: { cpu: "1", memory: 1Gi }
          volumeMounts:
            - { name: data, mountPath: DATA }
      volumes:
        - name: data
          persistentVolumeClaim: { claimName: CLAIM }
`,
  )
  return `# The tasks of a plan as Indexed Jobs of Kubernetes (1.33 or newer), one Job for each level. Replace IMAGE (an image that
# has fewpoints), CLAIM (a claim of a volume that all pods can write) and DATA (where that volume holds the plan and the
# files). All levels but the first are suspended. Start each when the one below is complete:
#   kubectl apply -f THIS-FILE
${steps.join('\n')}
${jobs.join('')}`
}

// The limits of AWS Batch: arrays of 2 to 10,000 tasks, at most 20 dependencies of a job.
const AWS_LARGEST = 10_000

function awsBatch(plan: OpenPlan): string {
  const jobs = arraysOf(plan, AWS_LARGEST).map((arrays, level) => {
    const after = level === 0 ? '' : ` --depends-on $level${level - 1}`
    return [
      `level${level}=`,
      ...arrays.map(({ offset, count }) => {
        const words = ['fewpoints', 'work', plan.path, '--level', String(level), '--threads', '1']
        if (offset > 0) words.push('--offset', String(offset))
        // An array of one is not allowed.
        const array = count > 1 ? ` --array-properties size=${count}` : ''
        if (count === 1) words.push('--task', '0')
        const command = quoted(JSON.stringify({ command: words }))
        return `level${level}="$level${level} jobId=$(submit --job-name fewpoints-${level}${array}${after} --container-overrides ${command})"`
      }),
    ].join('\n')
  })
  return `#!/bin/sh
# Submits the tasks of a plan to AWS Batch, an array job for each level, each after the one below. QUEUE is the job queue;
# DEFINITION is a job definition whose image has fewpoints and whose containers all mount the file system of the plan and
# the files under the same path.
set -eu
: "\${QUEUE:?the name of a job queue}" "\${DEFINITION:?the name of a job definition}"
submit() {
  aws batch submit-job --job-queue "$QUEUE" --job-definition "$DEFINITION" --retry-strategy attempts=4 \\
    --query jobId --output text "$@"
}

${jobs.join('\n\n')}

echo "submitted; the result will be in ${doubleQuoted(lastTask(plan).output)}"
`
}
