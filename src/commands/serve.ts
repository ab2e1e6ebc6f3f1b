import { integer, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { printJson } from '../cli/output.js';
import type { ServeResult } from '../workflows/reading/reading-results.js';

export default class Serve extends BaseCommand {
  static override summary = 'Serve the archive over HTTP on this machine, for tests';
  static override description =
    'Serves public/ of the workspace on loopback until Ctrl-C, with the caching headers that a ' +
    'production web server should send: pool, by-hash and frozen snapshots never change; clients ' +
    'revalidate InRelease on every request. The default port is the port of archive.baseUrl.';
  static override examples = [
    '<%= config.bin %> serve',
    '<%= config.bin %> serve --port 0 --json   # a free port; the first line of stdout names it',
  ];
  static override flags = {
    host: string({ default: '127.0.0.1', description: 'the address to listen on' }),
    port: integer({
      min: 0,
      max: 65535,
      description: 'the port; 0 for any free port (default: the port of archive.baseUrl)',
    }),
  };

  override async run(): Promise<ServeResult> {
    const { flags } = await this.parse(Serve);
    const context = await this.context(flags);
    const [{ serve, followableSuites }, { machineLines }] = await Promise.all([
      import('../workflows/reading/serve.js'),
      import('../cli/render/machine-lines.js'),
    ]);
    const server = await serve(context, {
      host: flags.host,
      port: flags.port,
      onAnswer: ({ method, url, status, bytes }) => this.say(`${method} ${url} ${status} ${bytes}`),
    });
    // Whoever started this in a script waits for the line, not for the end.
    const result = { url: server.url, port: server.port, root: context.places.public };
    if (this.jsonEnabled()) printJson(result, 0);
    else {
      this.say(`Serving ${context.places.public} at ${server.url} (stop with Ctrl-C)`);
      const { baseUrl } = context.workspace.archive;
      for (const { suite, metapackage } of await followableSuites(context)) {
        this.say(`To follow ${suite}, a machine that reaches ${baseUrl} runs, as root:`);
        for (const line of machineLines(context.workspace, suite, metapackage)) this.say(`  ${line}`);
      }
    }
    await server.closed;
    return result;
  }

  /** The line was printed when the server began; nothing more belongs on stdout. */
  protected override logJson(): void {}
}
