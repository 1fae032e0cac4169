import type { KekInput } from './kek-input';
import { piece } from './later';
import type { AttestationVerdict, KekExamination } from './pkg/keyferry_wasm';

/** An attestation as a file of its own. */
export interface AttestationInput {
  name: string;
  document: Uint8Array;
}

/** An attestation that was verified for the KEK; `own` when it came within the KEK's own file. */
export interface Attestation {
  input: AttestationInput;
  own: boolean;
  verdict: AttestationVerdict;
}

/**
 * Verified here for the screen, without a pin: pins are the bridge's, which verifies the same bytes again. The
 * verifier is fetched for the first one.
 */
export async function attest(
  examination: KekExamination,
  input: AttestationInput,
  own = false,
): Promise<Attestation> {
  const { verdictOn } = await piece('attestation');
  return { input, own, verdict: verdictOn(input.document, examination) };
}

/** The attestation within the KEK's own file, as `az keyvault key get-attestation` writes the two together. */
export async function ownAttestation(
  examination: KekExamination,
  input: KekInput,
): Promise<Attestation | null> {
  return holdsOne(input.document) ? attest(examination, input, true) : null;
}

function holdsOne(document: Uint8Array): boolean {
  try {
    return (
      JSON.parse(new TextDecoder().decode(document))?.attributes?.attestation instanceof Object
    );
  } catch {
    // A PEM or DER.
    return false;
  }
}

/** True when the bridge would refuse a wrap with it. A file without an attestation refuses nothing. */
export function isRefused({ verdict: { hardware, key } }: Attestation): boolean {
  const held = hardware.verdict === 'genuine' && key.verdict === 'made-inside';
  return !held && hardware.verdict !== 'not-available';
}
