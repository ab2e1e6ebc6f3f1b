import { BaseCommand } from '../../cli/base-command.js';
import type { KeyStatusResult } from '../../workflows/keys/key-results.js';

export default class KeyStatus extends BaseCommand {
  static override summary = "Show the archive's keys, and the state of a key change";
  static override description =
    'Lists the current, next and former keys in snapshots/keys.jsonl. Shows which step "lockstep ' +
    'key rotate" would take next and what blocks it. It writes nothing.';
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
    if (!this.jsonEnabled()) this.log(explainKeys(result, this.columns));
    this.say(explainRotation(plan));
    return result;
  }
}
