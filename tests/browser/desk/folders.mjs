// Folders of a test.
import { rmSync } from 'node:fs';

/** Removes a folder, in which a process that is ending may write for a moment more. */
export function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}
