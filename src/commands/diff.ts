import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { DiffResult } from '../comparison/diff-shape.js';

export default class Diff extends BaseCommand {
  static override summary = 'Show the differences between two snapshots';
  static override description =
    'Shows components with their changelog entries between the two versions and the CVE ids named ' +
    'there, packages, relations, files with modes and owners, configuration and maintainer scripts ' +
    'as unified diffs, and whether the database schema changes. It does not open packages that did ' +
    'not change. It writes nothing.';
  static override examples = [
    '<%= config.bin %> diff mediawiki-1.39-stable mediawiki-1.39-unstable',
    '<%= config.bin %> diff mediawiki-1.39-stable~1 mediawiki-1.39-stable --markdown > notes.md',
    '<%= config.bin %> diff 20261123T101530Z 20261201T090000Z --json | jq .schema.changed',
  ];
  static override args = {
    from: stringArg({
      required: true,
      description: 'a snapshot or a suite; SUITE~1: the snapshot it pointed at before, ID~1: the parent',
    }),
    to: stringArg({ required: true, description: 'the snapshot or suite to compare with, in the same form' }),
  };
  static override flags = {
    markdown: boolean({ description: 'print Markdown, for release notes', exclusive: ['json', 'full'] }),
    full: boolean({ description: 'do not shorten lists and diffs' }),
    contents: boolean({
      default: true,
      allowNo: true,
      description: 'open the packages that changed; --no-contents compares only the manifests',
    }),
  };

  override async run(): Promise<DiffResult> {
    const { args, flags } = await this.parse(Diff);
    const context = await this.context(flags);
    const { diff } = await import('../workflows/reading/diff.js');
    const report = await diff(context, { ...args, contents: flags.contents });
    if (this.jsonEnabled()) return report;
    if (flags.markdown) {
      const { renderDiffMarkdown } = await import('../cli/render/diff-markdown.js');
      this.log(renderDiffMarkdown(report).trimEnd());
    } else {
      const { noLimits, renderDiff, shortLimits } = await import('../cli/render/diff.js');
      const limits = flags.full ? noLimits : shortLimits;
      this.log(renderDiff(report, { ...limits, columns: this.columns }));
    }
    return report;
  }
}
