/** The examples that a workspace can begin with. `mediawiki` is what this repository releases itself. */
export const starters = ['mediawiki', 'web-stack'] as const;
export type Starter = (typeof starters)[number];
