const KEPT = 'keyferry.tab';

/**
 * What this tab calls itself to the bridge, so that two tabs are told apart. It is no secret. A page that is left puts
 * it down for itself, and takes it up when it is loaded again; while the page lives it is not there to be copied, so
 * that a duplicated tab is another one.
 */
export const TAB = takeUp();

function takeUp(): string {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const name = kept !== null && /^[0-9a-f]{32}$/.test(kept) ? kept : fresh;
  addEventListener('pagehide', () => sessionStorage.setItem(KEPT, name));
  // Back from the browser's memory it is the same page again.
  addEventListener('pageshow', () => sessionStorage.removeItem(KEPT));
  return name;
}
