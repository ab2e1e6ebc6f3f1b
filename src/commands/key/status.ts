import { BaseCommand } from '../../cli/base-command.js';
import type { KeyStatusResult } from '../../cli/results/keys.js';

export default class KeyStatus extends BaseCommand {
  static override summary = "The archive's keys, and how far a change of them is";
  static override description =
    'Lists the keys of snapshots/keys.jsonl, current, next and former ones, and says which step lockstep key rotate ' +
    'would take next and what it waits for. It writes nothing.';
  static override examples = ['<%= config.bin %> key status', '<%= config.bin %> key status --json'];

  override async run(): Promise<KeyStatusResult> {
    const { flags } = await this.parse(KeyStatus);
    const context = await this.context(flags);
    const [{ keyStatus }, { explainKeys, explainRotation, keyStatusOf }] = await Promise.all([
      import('../../workflows/keys/rotate-key.js'),
      import('../../cli/explain/keys.js'),
    ]);
    const { state, plan } = await keyStatus(context);
    const result = keyStatusOf(state, plan);
    if (!this.jsonEnabled()) this.log(explainKeys(result));
    this.say(explainRotation(plan));
    return result;
  }
}
