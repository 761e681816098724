// The rules by which parameters follow their gradient: which there are, the numbers each has, and what it remembers.
// Formulas and defaults are those of PyTorch's torch.optim (2.x), so that runs can be compared.
import { rangeError } from '../errors.js'
import { type OptionValues, oneOf, optional, pair, realNumber, withDefault } from '../input/options.js'
import type { NativeRule } from '../native/addon.js'

/**
 * - 'gd', 'sgd': p -= rate g; 'gd' on all rows at once, 'sgd' in batches if wanted
 * - 'momentum': b = momentum b + g, p -= rate b; 'nesterov': p -= rate (g + momentum b)
 * - 'adam', 'adamw': p -= rate m' / (sqrt(v') + epsilon), m' and v' the running means of g and g^2 without their bias
 * - 'rmsprop': p -= rate g / (sqrt(v) + epsilon), v the running mean of g^2
 * - 'rprop': p -= sign(g) step, a step for each parameter that grows while the sign stays and shrinks when it changes
 * - 'adagrad': p -= rate g / (sqrt(sum of g^2) + epsilon)
 */
export type Optimizer = 'gd' | 'sgd' | 'momentum' | 'nesterov' | 'adam' | 'adamw' | 'rmsprop' | 'rprop' | 'adagrad'

export interface RuleOptions {
  /** The update rule. Default 'adam', which needs the least care with the learning rate. */
  optimizer?: Optimizer | undefined
  /** >= 0. Default 1e-3; rmsprop, rprop and adagrad 1e-2. Rprop: the first step; it is not read again afterwards. */
  learningRate?: number | undefined
  /** momentum and nesterov: >= 0, default 0.9. rmsprop: default 0, none. */
  momentum?: number | undefined
  /** adam and adamw: what the running means of g and of g^2 keep at each step, >= 0 and < 1. Default [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined
  /** rmsprop: what the running mean of g^2 keeps at each step, >= 0 and < 1. Default 0.99. */
  alpha?: number | undefined
  /** Added to the root that is divided by, >= 0. adam, adamw and rmsprop: default 1e-8; adagrad: 1e-10. */
  epsilon?: number | undefined
  /** adagrad: step t has learningRate / (1 + (t - 1) learningRateDecay). >= 0, default 0. */
  learningRateDecay?: number | undefined
  /** rprop: what a step is multiplied with when the sign changes (< 1) and when it stays (> 1). Default [0.5, 1.2]. */
  factors?: readonly [number, number] | undefined
  /** rprop: the least and the largest step, > 0. Default [1e-6, 50]. */
  stepSizes?: readonly [number, number] | undefined
  /**
   * >= 0. Default 0; adamw 0.01. adamw: p -= rate weightDecay p before the update (decoupled); rprop: none; all others:
   * weightDecay p is added to the gradient. Of all parameters, biases as well; a neuron's is not divided by its
   * multiplicity, since that of a copy is not either.
   */
  weightDecay?: number | undefined
}

/** What a rule remembers of each parameter: momentum, means, last gradients; second moments, step sizes. */
export type MemoryName = 'first' | 'second'

interface Rule {
  rule: NativeRule['rule']
  remembers: MemoryName[]
  /** What the rule has, with its defaults. */
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

/** The numbers of a rule that has no use for them. */
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

/** Lines for the tables of functions that train. */
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

/** Throws ERR_OPTION for options that the rule does not have, and for pairs that are the wrong way round. */
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
