// Decimal numbers of binary formats: a whole number, and how many of its digits are after the point.

// Powers of ten that are float64 without rounding.
const EXACT_POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/**
 * The float64 nearest to unscaled / 10^scale, the same as for a text with these digits. Where both are exact, one division
 * rounds once and therefore correctly. Otherwise the text is read. With no digits after the point the whole number is
 * returned as it is, because a column refuses those that float64 does not hold.
 */
export function decimalToNumber(unscaled: number | bigint, scale: number): number | bigint {
  if (scale === 0) return unscaled
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
