/** The numbers for people. */
export function table(machine, numbers) {
  const rows = numbers.map(({ what, value, unit, limit, how }) => [
    what,
    `${value} ${unit}`,
    limit === null ? '' : `${value <= limit ? 'within' : 'OVER'} ${limit} ${unit}`,
    how,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(
    ([what, value, verdict, how]) =>
      `${what.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${verdict.padEnd(widths[2])}  ${how}`,
  );
  return [`on ${machine}`, '', ...lines].join('\n');
}
