/**
 * A git server over http(s), asked by git's own protocol, version 2 and, of
 * servers that know no other, the one before (gitprotocol-v2(5),
 * gitprotocol-http(5)). isomorphic-git's own client keeps a whole pack in
 * memory and takes a list of refs that was cut off for a whole one; its part is
 * reading what came (library-reader.ts). Nothing here looks into objects.
 */
import { shownName } from '../../deb/member-name.js';
import { LockstepError } from '../../errors.js';
import { StatusError } from '../../io/http-fault.js';
import type { GetOptions, HttpResponse } from '../../io/http.js';
import { sessionOf, signalOf, type SourceContext } from '../source-context.js';
import { credentialFor, type Credential } from './credentials.js';
import { isObjectId, type ObjectId } from './git-object.js';
import { delimPacket, flushPacket, notGit, packetsOf, pktLine, textOf, type Packet } from './pkt-line.js';
import { isRefName, type Ref } from './ref-names.js';

/** What a server says of itself. */
interface Discovered {
  /** Where the repository is, after redirects. */
  base: string;
  version: 1 | 2;
  /** With their values: `fetch` -> `shallow wait-for-done`. */
  capabilities: ReadonlyMap<string, string>;
  /** Of version 1, which names them all at once. */
  refs: readonly Ref[];
  access: { credential: Credential | null };
}

/** Of a listing; a repository with more is asked for a part of them by version 2. */
const mostRefs = 1_000_000;
const largestListing = 256 * 1024 * 1024;

const service = 'git-upload-pack';

export class Remote {
  readonly url: string;
  readonly #context: SourceContext;
  /** Whether the profile names this server itself. */
  readonly #named: boolean;

  constructor(url: string, named: boolean, context: SourceContext) {
    this.url = url;
    this.#named = named;
    this.#context = context;
  }

  /**
   * Its refs whose names begin with one of these, `refs/tags/v`.
   * @throws LockstepError NET_*, SOURCE_GIT_DAMAGED, INTERRUPTED
   */
  async refs(prefixes: readonly string[]): Promise<Ref[]> {
    const server = await this.#discovered();
    const wanted = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix));
    if (server.version === 1) {
      return server.refs.filter(({ name }) => wanted(name) && isRefName(name));
    }
    const lines = ['peel', ...prefixes.map((prefix) => `ref-prefix ${prefix}`)];
    const found = await this.#post(server, commandOf(server, 'ls-refs', lines), async (answer) => {
      const refs: Ref[] = [];
      let ended = false;
      for await (const packet of packetsOf(this.#listed(answer), this.url)) {
        ended = packet === 'flush';
        if (typeof packet === 'string') continue;
        const line = textOf(packet);
        this.#assertNoFault(line);
        const [, id, name, rest] = /^([0-9a-f]{40}) (\S+)(.*)$/.exec(line) ?? [];
        if (id === undefined || name === undefined) throw notGit(this.url, 'it lists refs that are none');
        refs.push({ name, id, peeled: / peeled:([0-9a-f]{40})/.exec(rest ?? '')?.[1] ?? null });
        if (refs.length > mostRefs) throw notGit(this.url, `it lists more than ${mostRefs} refs`);
      }
      if (!ended) throw notGit(this.url, 'its list of refs is cut off');
      return refs;
    });
    return found.filter(({ name }) => wanted(name) && isRefName(name));
  }

  /**
   * Asks for a pack with one commit, its tree and nothing of its history.
   * @param want a commit or annotated tag
   * @param take is given the pack's bytes as they come, and begins anew when it is called again
   * @returns whether the server left out the history, and what `take` returned
   * @throws LockstepError SOURCE_REF_UNKNOWN (the server does not give that commit), NET_*, SOURCE_GIT_DAMAGED
   */
  async pack<T>(
    want: ObjectId,
    take: (bytes: AsyncIterable<Buffer>) => Promise<T>,
  ): Promise<{ taken: T; shallow: boolean }> {
    const server = await this.#discovered();
    const two = server.version === 2;
    const shallow = two
      ? (server.capabilities.get('fetch') ?? '').split(' ').includes('shallow')
      : server.capabilities.has('shallow');
    if (!two && !server.capabilities.has('side-band-64k')) {
      throw notGit(this.url, 'it speaks a protocol that is too old (no side-band-64k)');
    }
    const deepen = shallow ? ['deepen 1'] : [];
    const body = two
      ? commandOf(server, 'fetch', ['no-progress', 'ofs-delta', `want ${want}`, ...deepen, 'done'])
      : Buffer.concat([
          pktLine(`want ${want} side-band-64k ofs-delta no-progress agent=lockstep`),
          ...deepen.map(pktLine),
          flushPacket,
          pktLine('done'),
        ]);
    const taken = await this.#post(server, body, async (answer) =>
      take(this.#packBytes(packetsOf(answer.body, this.url), server.version, want)),
    );
    return { taken, shallow };
  }

  /** The pack's bytes out of an answer: of version 2 behind sections, of version 1 behind NAK. */
  async *#packBytes(
    packets: AsyncIterable<Packet>,
    version: 1 | 2,
    want: ObjectId,
  ): AsyncGenerator<Buffer, void, undefined> {
    let begun = false;
    let ended = false;
    for await (const packet of packets) {
      if (typeof packet === 'string') {
        ended = begun && packet === 'flush';
        continue;
      }
      if (!begun) {
        const line = textOf(packet);
        this.#assertNoFault(line, want);
        begun = line === (version === 2 ? 'packfile' : 'NAK');
        continue;
      }
      const [band] = packet;
      if (band === 1 && packet.length > 1) yield packet.subarray(1);
      // 2 is talk for people
      if (band === 3) throw this.#fault(textOf(packet.subarray(1)), want);
    }
    if (!begun) throw notGit(this.url, 'there is no pack in it');
    if (!ended) throw notGit(this.url, 'its pack is cut off');
  }

  async #discovered(): Promise<Discovered> {
    return await sessionOf(this.#context).once(`git-server:${this.#named}:${this.url}`, () =>
      this.#discover(),
    );
  }

  async #discover(): Promise<Discovered> {
    const access: Discovered['access'] = { credential: null };
    const tail = `/info/refs?service=${service}`;
    const options = { headers: { 'git-protocol': 'version=2' } };
    return await this.#ask(this.url + tail, access, options, async (answer) => {
      const type = answer.headers['content-type']?.split(';', 1)[0]?.trim();
      if (type !== `application/x-${service}-advertisement`) {
        answer.discard();
        throw notGit(this.url, `it is ${type ?? 'of no type'}, and not the list of a repository`);
      }
      if (!answer.url.endsWith(tail)) {
        answer.discard();
        throw notGit(this.url, 'it redirects to something else');
      }
      const packets: Packet[] = [];
      for await (const packet of packetsOf(this.#listed(answer), this.url)) {
        packets.push(packet);
        if (packets.length > mostRefs) throw notGit(this.url, `it lists more than ${mostRefs} refs`);
      }
      if (packets.at(-1) !== 'flush') throw notGit(this.url, 'its list of refs is cut off');
      const lines = packets.flatMap((packet) => (typeof packet === 'string' ? [] : [textOf(packet)]));
      return { base: answer.url.slice(0, -tail.length), access, ...this.#advertised(lines) };
    });
  }

  #advertised(lines: readonly string[]): Pick<Discovered, 'version' | 'capabilities' | 'refs'> {
    const said = lines.filter((line) => line !== `# service=${service}`);
    for (const line of said.slice(0, 1)) this.#assertNoFault(line);
    if (said[0] === 'version 2') {
      const capabilities = capabilitiesOf(said.slice(1));
      const format = capabilities.get('object-format') ?? 'sha1';
      if (format !== 'sha1')
        throw notGit(this.url, `its objects are named by ${format}, which is not supported`);
      return { version: 2, capabilities, refs: [] };
    }
    const [first = '', ...rest] = said.filter((line) => line !== 'version 1' && !line.startsWith('shallow '));
    const [firstRef = '', capabilityLine] = first.split('\0');
    if (capabilityLine === undefined) throw notGit(this.url, 'it names no capabilities');
    const refs: Ref[] = [];
    for (const line of [firstRef, ...rest]) {
      const [, id, name] = /^([0-9a-f]{40}) (\S+)$/.exec(line) ?? [];
      if (!isObjectId(id) || name === undefined) throw notGit(this.url, 'it lists refs that are none');
      const last = refs.at(-1);
      if (name === 'capabilities^{}') continue;
      if (last !== undefined && name === `${last.name}^{}`) last.peeled = id;
      else refs.push({ name, id, peeled: null });
    }
    return { version: 1, capabilities: capabilitiesOf(capabilityLine.trim().split(' ')), refs };
  }

  /** The body of a list, which must fit in memory. */
  async *#listed(answer: HttpResponse): AsyncGenerator<Buffer, void, undefined> {
    let size = 0;
    for await (const piece of answer.body) {
      size += piece.length;
      if (size > largestListing)
        throw notGit(this.url, `its list of refs has more than ${largestListing} bytes`);
      yield piece;
    }
  }

  #assertNoFault(line: string, want?: ObjectId): void {
    if (line.startsWith('ERR ')) throw this.#fault(line.slice(4), want);
  }

  #fault(said: string, want: ObjectId | undefined): LockstepError {
    const shown = shownName(said.trim());
    const unknown = want !== undefined && /not our ref|unadvertised|not valid/.test(said);
    return new LockstepError(unknown ? 'SOURCE_REF_UNKNOWN' : 'NET_STATUS', {
      message: unknown
        ? `The server of ${this.url} does not give the commit ${want} (${shown})`
        : `The server of ${this.url} refused: ${shown}`,
      hint: unknown
        ? 'Either the repository has no such commit, or its server gives tags and branches alone (uploadpack.allowReachableSHA1InWant)'
        : 'Try again later; ask the owner of the server if it stays so',
      where: [{ value: this.url }],
    });
  }

  async #post<T>(server: Discovered, body: Buffer, use: (answer: HttpResponse) => Promise<T>): Promise<T> {
    const headers = {
      'content-type': `application/x-${service}-request`,
      accept: `application/x-${service}-result`,
      ...(server.version === 2 ? { 'git-protocol': 'version=2' } : {}),
    };
    const url = `${server.base}/${service}`;
    return await this.#ask(url, server.access, { headers, post: body }, async (answer) => {
      if (answer.headers['content-type'] !== `application/x-${service}-result`) {
        answer.discard();
        throw notGit(this.url, 'it is of another type than asked for');
      }
      return await use(answer);
    });
  }

  /** One request; where the server asks who we are, once more with a credential. */
  async #ask<T>(
    url: string,
    access: Discovered['access'],
    options: GetOptions,
    use: (answer: HttpResponse) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const { credential } = access;
      const headers = {
        ...options.headers,
        ...(credential === null ? {} : { authorization: credential.authorization }),
      };
      let accepted = false;
      try {
        return await this.#context.http.use(
          url,
          { ...options, ...signalOf(this.#context), headers, sameHost: true },
          async (answer) => {
            accepted = true;
            return await use(answer);
          },
        );
      } catch (error) {
        if (!(error instanceof StatusError) || ![401, 403, 404].includes(error.status)) throw error;
        if (error.status === 404) throw this.#missing(error);
        if (error.status === 401) await credential?.settle(false);
        const another = error.status === 401 && credential === null;
        access.credential = another
          ? await credentialFor(repositoryOf(url), this.#named, this.#context)
          : null;
        if (access.credential === null) throw this.#noAccess(error, credential !== null);
      } finally {
        if (accepted) await credential?.settle(true);
      }
    }
  }

  #missing(cause: StatusError): LockstepError {
    return new LockstepError('NET_NOT_FOUND', {
      message: `There is no git repository at ${this.url}, or none that may be read without an account`,
      hint: 'Check the address; forges say the same of a private repository',
      where: [{ value: this.url }],
      cause,
    });
  }

  #noAccess(cause: StatusError, tried: boolean): LockstepError {
    return new LockstepError('NET_STATUS', {
      message: tried
        ? `The server of ${this.url} does not take the account it was shown (status ${cause.status})`
        : `The server of ${this.url} asks who we are (status ${cause.status}), and there is no account for it`,
      hint: 'Give git a credential for it (git credential approve, or a helper), or set LOCKSTEP_GIT_USERNAME and LOCKSTEP_GIT_TOKEN. They are sent over https alone',
      where: [{ value: this.url }],
      cause,
    });
  }
}

/** What a helper is asked for: the repository, not the request. */
function repositoryOf(url: string): string {
  return url.replace(/\/(?:info\/refs\?.*|git-upload-pack)$/, '');
}

function capabilitiesOf(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line) => {
      const equals = line.indexOf('=');
      return equals < 0 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

function commandOf(server: Discovered, command: string, lines: readonly string[]): Buffer {
  const known = server.capabilities.has('object-format') ? [pktLine('object-format=sha1')] : [];
  const agent = server.capabilities.has('agent') ? [pktLine('agent=lockstep')] : [];
  return Buffer.concat([
    pktLine(`command=${command}`),
    ...agent,
    ...known,
    delimPacket,
    ...lines.map(pktLine),
    flushPacket,
  ]);
}
