/**
 * The one door to the WASM: rules, formats and types are Rust's, written once in keyferry-core.
 */

import type { TargetKind } from './pkg/keyferry_wasm';
import init, { targetKinds } from './pkg/keyferry_wasm';

export {
  examineKek,
  fileName,
  inspectBlob,
  newWrapRequest,
  readInput,
  resumeWrapRequest,
  vaultNameFor,
  visible,
} from './pkg/keyferry_wasm';

/** The kinds of key that may travel, once the core is loaded. */
export let KINDS: TargetKind[] = [];

export async function loadCore(): Promise<void> {
  await init({ module_or_path: '/keyferry.wasm' });
  KINDS = targetKinds();
}
