// A running `keyferry serve`, as the measurements need it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Starts the bridge; resolves at its start line with the moments around it, in milliseconds. */
export async function serve(binary, state) {
  const spawned = performance.now();
  // A session of its own, so that the terminal of the measurements is not the bridge's.
  const child = spawn(binary, ['serve', '--json', '--state', state], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const announced = performance.now();
    const { url } = JSON.parse(line);
    return {
      url,
      pid: child.pid,
      announcedAfter: announced - spawned,
      since: () => performance.now() - spawned,
      unlock: () => unlock(url),
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('keyferry serve ended without a start line');
}

/** As the page does when its button is pressed; the embedded token's PIN lies in the state folder. */
async function unlock(url) {
  const { origin, hash } = new URL(url);
  const answer = await fetch(`${origin}/v1/unlock`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${hash.replace('#token=', '')}`,
      'Content-Type': 'application/json',
      Origin: origin,
    },
    body: '{}',
  });
  if (!answer.ok) throw new Error(`unlocking: HTTP ${answer.status} ${await answer.text()}`);
}
