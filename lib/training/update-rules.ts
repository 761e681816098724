// The update rules: their options, defaults, and what each remembers. Formulas and defaults are those of PyTorch's
// torch.optim (2.x), so that runs can be compared.
import { rangeError } from '../errors.js'
import { type OptionValues, oneOf, optional, pair, realNumber, withDefault } from '../input/options.js'
import type { NativeRule } from '../surface.js'

/**
 * - 'gd', 'sgd': p -= rate g; 'gd' takes all rows at once, 'sgd' takes batches if wanted
 * - 'momentum': b = momentum b + g, p -= rate b; 'nesterov': p -= rate (g + momentum b)
 * - 'adam', 'adamw': p -= rate m' / (sqrt(v') + epsilon), m' and v' the running means of g and g^2, bias removed
 * - 'rmsprop': p -= rate g / (sqrt(v) + epsilon), v the running mean of g^2
 * - 'rprop': p -= sign(g) step; each parameter has a step that grows while the sign stays and shrinks when it changes
 * - 'adagrad': p -= rate g / (sqrt(sum of g^2) + epsilon)
 */
export type Optimizer = 'gd' | 'sgd' | 'momentum' | 'nesterov' | 'adam' | 'adamw' | 'rmsprop' | 'rprop' | 'adagrad'

/** The update rule of a training, and its numbers. Each rule takes only those that are its own. */
export interface RuleOptions {
  /** The update rule. Default 'adam', which needs the least care with the learning rate. */
  optimizer?: Optimizer | undefined
  /** >= 0. Default 1e-3; for rmsprop, rprop and adagrad 1e-2. rprop reads it once, as the first step. */
  learningRate?: number | undefined
  /** momentum and nesterov: >= 0, default 0.9. rmsprop: default 0, none. */
  momentum?: number | undefined
  /** adam, adamw: the share that the running means of g and g^2 keep per step, >= 0 and < 1. Default [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined
  /** rmsprop: the share that the running mean of g^2 keeps per step, >= 0 and < 1. Default 0.99. */
  alpha?: number | undefined
  /** Added to the root in the denominator, >= 0. adam, adamw, rmsprop: default 1e-8. adagrad: default 1e-10. */
  epsilon?: number | undefined
  /** adagrad: step t has the rate learningRate / (1 + (t - 1) learningRateDecay). >= 0, default 0. */
  learningRateDecay?: number | undefined
  /** rprop: the factors of a step when the sign changes (< 1) and when it stays (> 1). Default [0.5, 1.2]. */
  factors?: readonly [number, number] | undefined
  /** rprop: the smallest and the largest step, > 0. Default [1e-6, 50]. */
  stepSizes?: readonly [number, number] | undefined
  /**
   * >= 0. Default 0, for adamw 0.01. adamw: p -= rate weightDecay p before the update (decoupled). rprop has none. The
   * other rules add weightDecay p to the gradient. It applies to all parameters, biases included, and is not divided by
   * the multiplicity, because the decay of a copy is that of the neuron.
   */
  weightDecay?: number | undefined
}

/** The numbers that a rule may remember per parameter; TrainingState says what they are. */
export type MemoryName = 'first' | 'second'

interface Rule {
  rule: NativeRule['rule']
  remembers: MemoryName[]
  /** The options of the rule, with their defaults. */
  defaults: Partial<Numbers>
}

interface Numbers {
  learningRate: number
  momentum: number
  betas: [number, number]
  alpha: number
  epsilon: number
  learningRateDecay: number
  factors: [number, number]
  stepSizes: [number, number]
  weightDecay: number
}

const plain = { learningRate: 1e-3, weightDecay: 0 }
const adam = { learningRate: 1e-3, betas: [0.9, 0.999] as [number, number], epsilon: 1e-8 }

const RULES: Record<Optimizer, Rule> = {
  gd: { rule: 'sgd', remembers: [], defaults: plain },
  sgd: { rule: 'sgd', remembers: [], defaults: plain },
  momentum: { rule: 'momentum', remembers: ['first'], defaults: { ...plain, momentum: 0.9 } },
  nesterov: { rule: 'nesterov', remembers: ['first'], defaults: { ...plain, momentum: 0.9 } },
  adam: { rule: 'adam', remembers: ['first', 'second'], defaults: { ...adam, weightDecay: 0 } },
  adamw: { rule: 'adamw', remembers: ['first', 'second'], defaults: { ...adam, weightDecay: 0.01 } },
  rmsprop: {
    rule: 'rmsprop',
    remembers: ['second'], // and first, with momentum
    defaults: { learningRate: 1e-2, alpha: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0 },
  },
  rprop: {
    rule: 'rprop',
    remembers: ['first', 'second'],
    defaults: { learningRate: 1e-2, factors: [0.5, 1.2], stepSizes: [1e-6, 50] },
  },
  adagrad: {
    rule: 'adagrad',
    remembers: ['second'],
    defaults: { learningRate: 1e-2, learningRateDecay: 0, epsilon: 1e-10, weightDecay: 0 },
  },
}

/** For the options that a rule does not have. The kernel does not read them. */
const UNREAD: Numbers = {
  learningRate: 0,
  momentum: 0,
  betas: [0, 0],
  alpha: 0,
  epsilon: 0,
  learningRateDecay: 0,
  factors: [0.5, 1.2],
  stepSizes: [1e-6, 50],
  weightDecay: 0,
}

export const OPTIMIZERS = Object.keys(RULES) as Optimizer[]

const notNegative = realNumber(0)
const share = realNumber(0, 1)

/** Options of the update rule, for the table of a function that trains. */
export const ruleTable = {
  optimizer: withDefault(oneOf(...OPTIMIZERS), () => 'adam' as const),
  learningRate: optional(notNegative),
  momentum: optional(notNegative),
  betas: optional(pair(share, share)),
  alpha: optional(share),
  epsilon: optional(notNegative),
  learningRateDecay: optional(notNegative),
  factors: optional(pair(share, realNumber(1))),
  stepSizes: optional(pair(notNegative, notNegative)),
  weightDecay: optional(notNegative),
}

/** A rule with all its numbers. */
export interface ReadRule {
  optimizer: Optimizer
  rule: NativeRule
  remembers: MemoryName[]
}

/** Throws ERR_OPTION for options that the rule does not have, and for pairs in the wrong order. */
export function readRule(caller: string, values: OptionValues<typeof ruleTable>): ReadRule {
  const { optimizer, ...given } = values
  const { rule, remembers, defaults } = RULES[optimizer]
  const numbers = { ...UNREAD, ...defaults }
  for (const name of Object.keys(UNREAD) as (keyof Numbers)[]) {
    if (given[name] === undefined) continue
    if (defaults[name] === undefined) {
      const others = OPTIMIZERS.filter((other) => RULES[other].defaults[name] !== undefined)
      throw rangeError(
        'ERR_OPTION',
        `${caller}: option '${name}' makes no sense with optimizer '${optimizer}'; it is for ${others.join(', ')}`,
      )
    }
    Object.assign(numbers, { [name]: given[name] })
  }
  const { factors, stepSizes, betas, ...single } = numbers
  if (!(factors[0] > 0 && factors[1] > 1)) {
    throw rangeError(
      'ERR_OPTION',
      `${caller}: option 'factors' must be one number between 0 and 1 and one above 1, got [${factors}]`,
    )
  }
  if (!(stepSizes[0] > 0 && stepSizes[0] <= stepSizes[1])) {
    throw rangeError(
      'ERR_OPTION',
      `${caller}: option 'stepSizes' must be the least step, above 0, and the largest, got [${stepSizes}]`,
    )
  }
  const [[beta1, beta2], [shrink, grow], [minStep, maxStep]] = [betas, factors, stepSizes]
  return {
    optimizer,
    rule: { rule, ...single, beta1, beta2, shrink, grow, minStep, maxStep },
    remembers: rule === 'rmsprop' && single.momentum > 0 ? ['first', 'second'] : remembers,
  }
}
