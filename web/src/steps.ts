/** The walk, in its order. `inspect` stands beside it. */
export const STEPS = ['connect', 'kek', 'key', 'review', 'wrap', 'deliver'] as const;

export type Step = (typeof STEPS)[number];
export type View = Step | 'inspect';

/** What the rail and the document's title call a view. */
export const TITLES: Record<View, string> = {
  connect: 'Connect',
  kek: 'KEK',
  key: 'Key',
  review: 'Review',
  wrap: 'Wrap',
  deliver: 'Deliver',
  inspect: 'Inspect a file',
};

/** The view that an address fragment names, if it names one. */
export function viewOf(fragment: string): View | null {
  const name = fragment.replace(/^#/, '');
  return Object.hasOwn(TITLES, name) ? (name as View) : null;
}

export function before(a: Step, b: Step): boolean {
  return STEPS.indexOf(a) < STEPS.indexOf(b);
}
