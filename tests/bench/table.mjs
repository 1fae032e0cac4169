/** Whether a number reaches what it has to: at most `limit`, at least `least`. */
export function reached({ value, limit, least }) {
  return (limit == null || value <= limit) && (least == null || value >= least);
}

/** The numbers for people. */
export function table(machine, numbers) {
  const rows = numbers.map((number) => [
    number.what,
    `${number.value} ${number.unit}`,
    verdict(number),
    number.how,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(
    ([what, value, said, how]) =>
      `${what.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${said.padEnd(widths[2])}  ${how}`,
  );
  return [`on ${machine}`, '', ...lines].join('\n');
}

function verdict(number) {
  const { limit, least, unit } = number;
  if (limit == null && least == null) return '';
  const bound = limit == null ? `at least ${least} ${unit}` : `at most ${limit} ${unit}`;
  return reached(number) ? bound : `MISSED: ${bound}`;
}
