import type { Stage } from './pkg/keyferry_wasm';

/** The stages of a wrap in their order, with what each is called and a gloss. */
export const STAGES: [Stage, string, string][] = [
  ['checking', 'Check the order', 'The bridge examines the KEK again, by itself.'],
  ['unlocking', 'Unlock the token', 'Only if it is locked.'],
  [
    'self-testing',
    'Prove the method',
    'A throwaway key is wrapped and opened again on this token.',
  ],
  ['approving', 'Your approval', 'Asked natively, with the thumbprint to compare.'],
  ['recording', 'Record the intent', 'One line in the audit log, on disk before the HSM acts.'],
  ['wrapping', 'Wrap', 'The HSM does it. The key does not leave in the clear.'],
];

export function stageName(stage: Stage): string {
  return STAGES.find(([known]) => known === stage)?.[1] ?? stage;
}
