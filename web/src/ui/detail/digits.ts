/** What a chart's float stands for: digits beyond the instrument's are noise, except of prices below one. */
export function decimalOf(price: number, hint: number): string {
  return price.toFixed(Math.abs(price) < 1 ? Math.max(hint, 8) : hint);
}
