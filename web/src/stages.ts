import type { StageRow } from './parts/stages';
import type { ImportStage, Stage } from './pkg/keyferry_wasm';

/** The stages of a wrap in their order. */
export const STAGES: StageRow<Stage>[] = [
  ['checking', 'Check the order', 'The bridge examines the KEK again, by itself.'],
  ['unlocking', 'Unlock the token', 'Only if it is locked.'],
  [
    'self-testing',
    'Prove the method',
    'A throwaway key is wrapped and opened again on this token.',
  ],
  ['approving', 'Your approval', 'Asked natively, with the thumbprint to compare.'],
  ['second-approving', 'A second approver', 'The policy wants another person, asked natively too.'],
  ['recording', 'Record the intent', 'One line in the audit log, on disk before the HSM acts.'],
  ['wrapping', 'Wrap', 'The HSM does it. The key does not leave in the clear.'],
];

/** The rows of this wrap: the second approver is among them where one was asked for. */
export function wrapStages(seen: readonly Stage[]): StageRow<Stage>[] {
  return STAGES.filter(([stage]) => stage !== 'second-approving' || seen.includes(stage));
}

/** The stages of an import in their order. */
export const IMPORT_STAGES: StageRow<ImportStage>[] = [
  ['checking', 'Check the order', 'The bridge reads the file again, by itself.'],
  ['approving', 'Your approval', 'Asked natively, for this file, name and vault alone.'],
  ['importing', 'Import', 'The audit log takes a line, then the vault opens the file.'],
  ['verifying', 'Verify', 'What the vault holds is compared with what the HSM holds.'],
];

export function stageName<S extends string>(rows: StageRow<S>[], stage: S): string {
  return rows.find(([known]) => known === stage)?.[1] ?? stage;
}
