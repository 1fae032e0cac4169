import { get } from 'node:http';
import { median, rounded } from './median.mjs';
import { serve } from './serve.mjs';

const RUNS = 20;
const LIMIT_MS = 150;

/** From spawn to the start line, and to the first answer; the module starts beside it and is not waited for. */
export async function startTime(binary, state) {
  const announced = [];
  const answered = [];
  for (let run = 0; run < RUNS; run += 1) {
    const bridge = await serve(binary, state);
    announced.push(bridge.announcedAfter);
    await firstAnswer(bridge.url);
    answered.push(bridge.since());
    await bridge.stop();
  }
  return [
    {
      what: 'serve, ready',
      value: rounded(median(announced)),
      unit: 'ms',
      limit: LIMIT_MS,
      how: `spawn of the release binary to its start line, median of ${RUNS}; the module's own start runs beside it`,
    },
    {
      what: 'serve, first page',
      value: rounded(median(answered)),
      unit: 'ms',
      limit: null,
      how: `spawn to the whole of the first GET /, median of ${RUNS}`,
    },
  ];
}

function firstAnswer(url) {
  return new Promise((resolve, reject) => {
    get(new URL('/', url), (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${answer.statusCode}`)),
      );
    }).on('error', reject);
  });
}
