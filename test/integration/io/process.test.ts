import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { collect } from '../../../src/deb/bytes.js';
import { decompressByName, xzCompress, xzDecompress } from '../../../src/io/compress.js';
import { filterThrough, run, session, withoutSecrets, type RunOptions } from '../../../src/io/process.js';
import { missingTools, which } from '../../../src/io/tools.js';

const node = process.execPath;

/** A program in JavaScript, as arguments for node. */
const script = (text: string, ...args: string[]): string[] => ['-e', text, '--', ...args];

describe('other programs', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-process-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('get their arguments as they are, with no shell between', async () => {
    const args = ['$(id)', '; false', 'a b', '*', "'"];
    const result = await run(node, script('console.log(JSON.stringify(process.argv.slice(1)))', ...args));
    assert.deepEqual(JSON.parse(result.stdout), args);
    assert.equal(result.exitCode, 0);
  });

  it('give what they print, also as bytes', async () => {
    const text = 'process.stdout.write(Buffer.from([255, 0, 10])); process.stderr.write("warned")';
    const result = await run(node, script(text));
    assert.deepEqual([...result.stdoutBytes], [255, 0, 10]);
    assert.equal(result.stderr, 'warned');
  });

  it('read what they are given', async () => {
    const many = async function* (): AsyncGenerator<Buffer> {
      for (let nth = 0; nth < 50; nth++) yield Buffer.alloc(20_000, 'x');
    };
    assert.equal((await run('wc', ['-c'], { input: many() })).stdout.trim(), '1000000');
    assert.equal((await run('cat', [], { input: 'text' })).stdout, 'text');
    assert.equal((await run('cat', [])).stdout, '');
  });

  it('may leave unread what they are given', async () => {
    const many = async function* (): AsyncGenerator<Buffer> {
      for (let nth = 0; nth < 50; nth++) yield Buffer.alloc(20_000, 'x');
    };
    assert.equal((await run('true', [], { input: many() })).exitCode, 0);
  });

  it('get the environment that they are meant to have', async () => {
    const print = script('console.log(JSON.stringify(process.env))');
    const full = JSON.parse((await run(node, print, { env: { A: '1' } })).stdout) as Record<string, string>;
    assert.equal(full['A'], '1');
    assert.equal(full['LC_ALL'], 'C.UTF-8');
    assert.equal(full['PATH'], process.env['PATH']);
    const clean = JSON.parse((await run(node, print, { cleanEnv: true, env: { A: '1' } })).stdout) as object;
    // Node itself passes NODE_V8_COVERAGE on to every child, while coverage is counted
    const names = Object.keys(clean).filter((name) => name !== 'NODE_V8_COVERAGE');
    assert.deepEqual(names.sort(), ['A', 'LC_ALL', 'PATH']);
  });

  it('get no secret of this process, only what is on the list', async () => {
    const own = { LOCKSTEP_PASSPHRASE: 'secret', CI_TOKEN: 'secret', GNUPGHOME: '/keys', TMPDIR: '/tmp' };
    const before = Object.keys(own).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, own);
    try {
      const print = script('console.log(JSON.stringify(process.env))');
      const seen = async (options: RunOptions): Promise<string[]> =>
        Object.keys(JSON.parse((await run(node, print, options)).stdout) as object).filter(
          (name) => name in own,
        );
      assert.deepEqual(await seen({}), ['TMPDIR']);
      assert.deepEqual((await seen({ inherit: session })).sort(), ['GNUPGHOME', 'TMPDIR']);
      assert.deepEqual((await seen({ cleanEnv: true })).sort(), []);
      assert.deepEqual((await seen({ cleanEnv: true, env: withoutSecrets(process.env) })).sort(), [
        'CI_TOKEN',
        'GNUPGHOME',
        'TMPDIR',
      ]);
      let piped = '';
      for await (const piece of filterThrough('env', [], '')) piped += piece.toString();
      assert.doesNotMatch(piped, /secret/);
    } finally {
      for (const [name, value] of before)
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
  });

  it('are TOOL_FAILED with what they last said, as a person would type them', async () => {
    const failing = run(node, script('console.error("line one\\nline two"); process.exit(3)', 'a b'));
    await assert.rejects(failing, (error) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'TOOL_FAILED');
      assert.match(error.message, /'a b' failed \(exit status 3\):\n {2}line one\n {2}line two$/);
      return true;
    });
  });

  it('may fail where that is an answer', async () => {
    const result = await run(node, script('process.exit(3)'), { allowFailure: true });
    assert.equal(result.exitCode, 3);
    const killed = await run(node, script('process.kill(process.pid, "SIGKILL")'), { allowFailure: true });
    assert.equal(killed.exitCode, 137);
    assert.equal(killed.endedBy, 'SIGKILL');
  });

  it('are TOOL_MISSING with their package when they are not there', async () => {
    const missing = run('no-such-program', [], { debianPackage: 'such-tools' });
    await assert.rejects(missing, { code: 'TOOL_MISSING', hint: 'On Debian: apt-get install such-tools' });
    const filtering = collect(filterThrough('no-such-program', [], 'text'));
    await assert.rejects(filtering, { code: 'TOOL_MISSING' });
    assert.deepEqual(await missingTools(['tar', 'mmdebstrap'], '/nowhere'), ['tar', 'mmdebstrap']);
    assert.deepEqual(await missingTools(['tar']), []);
    assert.equal(await which('sh', '/nowhere:/bin'), '/bin/sh');
    assert.equal(await which(node), node);
    assert.equal(await which(folder), undefined);
  });

  it('are not run where there is no such folder', async () => {
    const running = run('true', [], { cwd: join(folder, 'none') });
    await assert.rejects(running, { code: 'TOOL_FAILED', message: /no such folder: .*none/ });
  });

  it('hand on what they print, and end when nobody takes it', async () => {
    const pieces: Buffer[] = [];
    const onStdout = (piece: Buffer): Promise<void> => Promise.resolve(void pieces.push(piece));
    const { stdout, stderr } = await run(node, script('console.log(1); console.error(2)'), { onStdout });
    assert.deepEqual([stdout, stderr, Buffer.concat(pieces).toString()], ['', '2\n', '1\n']);
    const full = new Error('the disk is full');
    await assert.rejects(run('yes', [], { onStdout: () => Promise.reject(full) }), full);
  });

  it('end when they are told to', async () => {
    const controller = new AbortController();
    const running = run('sleep', ['600'], { signal: controller.signal });
    controller.abort();
    await assert.rejects(running, { code: 'INTERRUPTED' });
    await assert.rejects(run('true', [], { signal: AbortSignal.abort() }), { code: 'INTERRUPTED' });
  });

  it('may have limits, which what they start has too', async () => {
    const limits = { memory: 64 * 1024 * 1024, fileSize: 4096 };
    const file = join(folder, 'file');
    const written = await run('dd', ['if=/dev/zero', `of=${file}`, 'bs=8k', 'count=1'], {
      limits,
      allowFailure: true,
    });
    assert.equal(written.endedBy, 'SIGXFSZ');
    assert.equal((await readFile(file)).length, 4096);
    const held = await run('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=100M', 'count=1'], {
      limits,
      allowFailure: true,
    });
    assert.match(held.stderr, /memory/);
  });

  it('are ended when they print more than they may', async () => {
    const result = await run('dd', ['if=/dev/zero', 'bs=1M', 'count=8'], {
      maxOutput: 1024 * 1024,
      allowFailure: true,
    });
    assert.notEqual(result.exitCode, 0);
  });

  it('end with all that they started, when they are a group', async () => {
    const pidFile = join(folder, 'pid');
    const controller = new AbortController();
    const outer = script(
      `const c = require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' });
       require('node:fs').writeFileSync(process.argv[1], String(c.pid));
       process.stdout.write('ready\\n'); setInterval(() => {}, 1000)`,
      pidFile,
    );
    const running = run(node, outer, { group: true, signal: controller.signal });
    running.catch(() => undefined);
    let pid: number;
    do {
      await new Promise((resolve) => setTimeout(resolve, 20));
      pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
    } while (pid === 0);
    controller.abort();
    await assert.rejects(running, { code: 'INTERRUPTED' });
    const state = async (): Promise<string> =>
      (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') gone')).split(') ')[1]?.[0] ?? '';
    while (!['g', 'Z', 'X'].includes(await state())) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('pass on what the source of their input throws', async () => {
    const fault = new Error('the source broke');
    const breaking = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      throw fault;
    };
    await assert.rejects(run('cat', [], { input: breaking() }), fault);
    await assert.rejects(collect(filterThrough('cat', [], breaking())), fault);
  });

  it('can be streamed through', async () => {
    const many = async function* (): AsyncGenerator<Buffer> {
      for (let nth = 0; nth < 200; nth++) yield Buffer.alloc(20_000, 'x');
    };
    assert.equal((await collect(filterThrough('cat', [], many()))).length, 4_000_000);
    for await (const piece of filterThrough('cat', [], many())) {
      assert.ok(piece.length > 0);
      break;
    }
    const failing = collect(filterThrough(node, script('console.error("no"); process.exit(4)'), 'x'));
    await assert.rejects(failing, { code: 'TOOL_FAILED', message: /exit status 4\):\n {2}no$/ });
    const controller = new AbortController();
    const endless = filterThrough('sleep', ['600'], 'x', { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(collect(endless), { code: 'INTERRUPTED' });
  });
});

describe('the program xz, where the native binding does not load', () => {
  const text = Buffer.from(Array.from({ length: 300_000 }, (_, index) => `line ${index % 977}\n`).join(''));

  before(async function () {
    if ((await which('xz')) === undefined) {
      if (process.env['CI'] === 'true') assert.fail('xz-utils is not installed');
      console.warn('      skipped: the program xz is not installed (xz-utils)');
      this.skip();
    }
  });

  it('reads what the binding wrote, and the other way round', async () => {
    const native = await collect(xzCompress(text, { preset: 0 }));
    const program = await collect(xzCompress(text, { preset: 0, engine: 'program' }));
    assert.ok((await collect(xzDecompress(native, { engine: 'program' }))).equals(text));
    assert.ok((await collect(xzDecompress(program))).equals(text));
  });

  it('writes the same bytes whatever the number of threads', async () => {
    const [two, five] = [2, 5].map((threads) =>
      collect(xzCompress(text, { preset: 0, threads, engine: 'program' })),
    );
    assert.ok((await two)?.equals((await five) ?? Buffer.alloc(0)));
  });

  it('is DATA_DAMAGED for what is not whole', async () => {
    const packed = await collect(xzCompress(text, { preset: 0 }));
    for (const bytes of [packed.subarray(0, -1), Buffer.alloc(0), Buffer.from('no xz')]) {
      await assert.rejects(collect(xzDecompress(bytes, { engine: 'program' })), { code: 'DATA_DAMAGED' });
    }
  });

  it('reads .lzma too', async () => {
    const packed = await run('xz', ['--format=lzma', '-c'], { input: 'text' });
    assert.equal((await collect(decompressByName('a.lzma', packed.stdoutBytes))).toString(), 'text');
  });
});
