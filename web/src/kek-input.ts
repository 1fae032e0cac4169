import { examineKek } from './core';
import type { KekExamination, KekVerdict, PracticeInfo } from './pkg/keyferry_wasm';

const KID_MISSING = 'kid-missing';

/** What the officer handed over: a document, and the key identifier where the document has none. */
export interface KekInput {
  name: string;
  document: Uint8Array;
  kid: string;
}

/** A KEK that was examined: what came in, what core says, and core's own hold on it. */
export interface ExaminedKek {
  input: KekInput;
  verdict: KekVerdict;
  examination: KekExamination;
}

/** Examined here for the screen; the bridge examines the same bytes again. */
export function examine(input: KekInput, practice: PracticeInfo | null | undefined): ExaminedKek {
  const now = Math.floor(Date.now() / 1000);
  const examination = examineKek(
    input.document,
    input.kid || null,
    now,
    practice?.authority ?? null,
  );
  return { input, verdict: examination.verdict, examination };
}

/** True when nothing but the key identifier stands between this KEK and its admission. */
export function lacksOnlyKid({ verdict }: ExaminedKek): boolean {
  const errors = verdict.findings.filter((finding) => finding.severity === 'error');
  return errors.length > 0 && errors.every((finding) => finding.code === KID_MISSING);
}

/** True when the verdict hangs on a key identifier given beside the document. */
export function asksForKid({ input, verdict }: ExaminedKek): boolean {
  return input.kid !== '' || verdict.findings.some((finding) => finding.code === KID_MISSING);
}
