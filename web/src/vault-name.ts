/** A label as a name that Key Vault takes: letters, digits and hyphens, at most 127. */
export function vaultNameFor(label: string): string {
  return label
    .normalize('NFKD')
    .replace(/[^0-9A-Za-z]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 127);
}
