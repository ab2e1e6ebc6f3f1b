/** The limits of a package, as lockstep.yaml has them. */
import { debBudget, type DebBudget } from '../deb/deb-budget.js';
import type { Workspace } from '../profile/workspace-schema.js';

/** How much of a package is read when it comes in. */
export function budgetOf({ packages }: Pick<Workspace, 'packages'>): DebBudget {
  const { members, names, control, data, ratio } = packages.limits;
  return { ...debBudget, members, nameBytes: names, controlBytes: control, dataBytes: data, ratio };
}
