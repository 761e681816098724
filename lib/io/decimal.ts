// Decimal numbers of binary formats: a whole number and how many of its digits stand behind the point.

// Up to here a power of ten is a float64 without rounding.
const EXACT_POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/**
 * The float64 nearest to unscaled / 10^scale, which is what a text with the same digits is read as. Where both are exact,
 * one division rounds once and so rightly; for the rest the text is what is read.
 */
export function decimalToNumber(unscaled: number | bigint, scale: number): number {
  const number = Number(unscaled)
  const power = EXACT_POWERS[scale]
  if (power !== undefined && Number.isSafeInteger(number)) return number / power
  return Number(`${unscaled}e${-scale}`)
}

/** Bytes as a signed whole number, the highest byte first. */
export function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * bytes.length, value)
}
