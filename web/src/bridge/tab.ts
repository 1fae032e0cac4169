/** What this tab calls itself to the bridge, so that two tabs are told apart. It is no secret, and new with each load. */
export const TAB = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
  byte.toString(16).padStart(2, '0'),
).join('');
