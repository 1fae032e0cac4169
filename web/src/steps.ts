/** The walk, in its order. */
export const STEPS = ['connect', 'kek', 'key', 'review', 'wrap', 'deliver'] as const;

export type Step = (typeof STEPS)[number];
/** What stands beside the walk. */
export const ASIDE = ['batch', 'inspect', 'record'] as const;

export type Aside = (typeof ASIDE)[number];
export type View = Step | Aside;

/** What the rail and the document's title call a view. */
export const TITLES: Record<View, string> = {
  connect: 'Connect',
  kek: 'KEK',
  key: 'Key',
  review: 'Review',
  wrap: 'Wrap',
  deliver: 'Deliver',
  batch: 'Many keys',
  inspect: 'Inspect a file',
  record: 'Record',
};

/** The view that an address fragment names, if it names one. */
export function viewOf(fragment: string): View | null {
  const name = fragment.replace(/^#/, '');
  return Object.hasOwn(TITLES, name) ? (name as View) : null;
}

export function isAside(view: View): view is Aside {
  return (ASIDE as readonly View[]).includes(view);
}

export function before(a: Step, b: Step): boolean {
  return STEPS.indexOf(a) < STEPS.indexOf(b);
}
