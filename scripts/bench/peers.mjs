/**
 * aptly and reprepro, set up as their manuals say, each with a key of its own
 * making in a throw-away GNUPGHOME; and apt-ftparchive, which only scans.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { debsIn } from './corpus.mjs';
import { architecture, timed } from './measure.mjs';

const suite = 'bench';

/** A signing key without passphrase; returns the environment that knows it, and its fingerprint. */
export function makeKey(scratch) {
  const home = join(scratch, 'gnupg');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const env = { ...process.env, GNUPGHOME: home };
  const generate = ['--batch', '--passphrase', '', '--quick-gen-key', 'bench', 'ed25519', 'sign', 'never'];
  timed('gpg', generate, { env });
  const listed = timed('gpg', ['--batch', '--with-colons', '--list-keys'], { env }).stdout;
  return { env, fingerprint: /^fpr:+([0-9A-F]+):/m.exec(listed)[1] };
}

/** Ends the agent that gpg started for this key. */
export function endKey({ env }) {
  timed('gpgconf', ['--kill', 'gpg-agent'], { env });
}

/** An aptly of its own, with its default settings. */
export class Aptly {
  /** @param limit milliseconds after which a command of it is given up (TimeOver) */
  constructor(folder, key, limit) {
    this.limit = limit;
    mkdirSync(folder, { recursive: true });
    this.config = join(folder, 'aptly.conf');
    this.root = join(folder, 'root');
    this.key = key;
    writeFileSync(this.config, JSON.stringify({ rootDir: this.root, architectures: [architecture] }));
    this.run(['repo', 'create', `-distribution=${suite}`, '-component=main', suite]);
  }

  run(args) {
    const options = { env: this.key.env, timeout: this.limit };
    return timed('aptly', [`-config=${this.config}`, ...args], options).seconds;
  }

  /** Adds a folder or file, with -force-replace as for a package that changed; seconds. */
  add(path) {
    return this.run(['repo', 'add', '-force-replace', suite, path]);
  }

  snapshot(name) {
    return this.run(['snapshot', 'create', name, 'from', 'repo', suite]);
  }

  publish(name) {
    return this.run(['publish', 'snapshot', '-batch', `-gpg-key=${this.key.fingerprint}`, name]);
  }

  switchTo(name) {
    return this.run(['publish', 'switch', '-batch', `-gpg-key=${this.key.fingerprint}`, suite, name]);
  }

  /** The Packages it published. */
  packages() {
    return readFileSync(
      join(this.root, `public/dists/${suite}/main/binary-${architecture}/Packages`),
      'utf8',
    );
  }
}

/** A command line takes two megabytes. */
const mostNamed = 10_000;

export class Reprepro {
  /** @param limit as of {@link Aptly} */
  constructor(folder, key, limit) {
    this.limit = limit;
    mkdirSync(join(folder, 'conf'), { recursive: true });
    this.folder = folder;
    this.key = key;
    const fields = [
      'Origin: bench',
      'Label: bench',
      `Codename: ${suite}`,
      `Architectures: ${architecture}`,
      'Components: main',
      `SignWith: ${key.fingerprint}`,
    ];
    writeFileSync(join(folder, 'conf/distributions'), `${fields.join('\n')}\n`);
  }

  run(args) {
    const options = { env: this.key.env, timeout: this.limit };
    return timed('reprepro', ['--silent', '-b', this.folder, ...args], options).seconds;
  }

  /** All packages of a folder, then the export; seconds of both. */
  includeAll(folder) {
    const debs = debsIn(folder);
    let seconds = 0;
    for (let at = 0; at < debs.length; at += mostNamed) {
      seconds += this.run(['--export=never', 'includedeb', suite, ...debs.slice(at, at + mostNamed)]);
    }
    return seconds + this.run(['export', suite]);
  }

  packages() {
    const packed = readFileSync(join(this.folder, `dists/${suite}/main/binary-${architecture}/Packages.gz`));
    return gunzipSync(packed).toString();
  }
}

/** A bare scan of the files, with nothing kept: what no manager of archives can go below without a cache. */
export function bareScan(folder) {
  const { seconds, stdout } = timed('apt-ftparchive', ['packages', '.'], { cwd: folder });
  return { seconds, packages: stdout };
}
