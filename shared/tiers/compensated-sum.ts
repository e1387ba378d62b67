/**
 * The sum of the numbers `from` to `to` (exclusive) in their order, by Kahan's method in Neumaier's form as Prometheus has it
 * (promql/functions.go, kahanSumInc): the compensation of each addition is collected apart, dropped when the sum is infinite,
 * and added once at the end. So the result is a function of the numbers and their order, the same on every processor.
 */
export const compensatedSum = (values: Float64Array, from: number, to: number): number => {
  let sum = 0;
  let compensation = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) compensation += sum - total + value;
    else compensation += value - total + sum;
    sum = total;
  }
  return sum + compensation;
};
