const KEPT = 'keyferry.theme';
const CHOICES = ['auto', 'light', 'dark'] as const;

/** `auto` follows the system. */
export type Theme = (typeof CHOICES)[number];

export function theme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return CHOICES.find((choice) => choice === kept) ?? 'auto';
}

export function applyTheme(choice: Theme): void {
  if (choice === 'auto') {
    localStorage.removeItem(KEPT);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEPT, choice);
    document.documentElement.dataset.theme = choice;
  }
}

export function nextTheme(choice: Theme): Theme {
  return CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? 'auto';
}
