/** Lines longer than this are no answer of the bridge. */
const LONGEST_LINE = 256 * 1024;

/** The lines of a body as they arrive (NDJSON). An unfinished last line is given out as well. */
export async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const parts = rest.split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) if (line.trim()) yield line;
      if (rest.length > LONGEST_LINE) throw new Error('the answer has a line without end');
      if (done) break;
    }
    if (rest.trim()) yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
