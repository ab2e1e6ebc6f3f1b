/** A new workspace in words: what it begins with, and what comes next. Pure. */
import { starters } from '../../profile/starters.js';
import { counted } from '../../counted.js';
import type { InitResult } from '../../workflows/workspace/workspace-results.js';

/** @param chosen whether somebody asked for this example by name */
export function explainInit({ workspace, template, files, next }: InitResult, chosen: boolean): string[] {
  const others = starters.filter((one) => one !== template).join(', ');
  return [
    `A workspace with ${counted(files.length, 'file')} is in ${workspace}.`,
    ...(template === null
      ? ['It has no profile and no suite: docs/how-to/make-your-own-profile.md says how to write them.']
      : [
          `It begins with the example ${template}.${chosen ? '' : ` Others: --template ${others}, or --empty.`}`,
        ]),
    'Next, in that folder:',
    ...next.map((command) => `  ${command}`),
  ];
}
