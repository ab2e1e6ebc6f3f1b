import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { GitRepository } from '../../../fixtures/git-repository.js';
import { GitServer } from '../../../fixtures/git-server.js';
import { faultOf, GitFetching } from '../../../fixtures/git-fetching.js';

describe('a git server that cannot be trusted', function () {
  this.timeout(60_000);
  let git: GitFetching;
  let repository: GitRepository;
  let url: string;

  before(async () => {
    git = await GitFetching.start();
    mkdirSync(join(git.folder, 'workspace'));
    repository = git.repository('project');
    repository.commit({ 'a.txt': 'a'.repeat(5000), 'b.txt': 'b\n' });
    repository.tag('1.0');
    url = git.server.url('project');
  });
  afterEach(async () => {
    git.server.trouble = undefined;
    git.server.tamper = undefined;
    // Nothing half-written: the store's folder of arrivals and the scratch folder are empty
    const left = await git.leftovers();
    assert.deepEqual(
      left.filter((name) => !name.startsWith('store/sha256/') && !name.startsWith('cache/git-trees/')),
      [],
    );
  });
  after(() => git.stop());

  const isFetch = (request: IncomingMessage): boolean => request.method === 'POST';

  it('may stall before it answers: the stall limit ends it', async () => {
    git.server.trouble = () => true;
    assert.equal(
      (await faultOf(git.fetch({ url, version: '1.0' }, { http: git.impatient }))).code,
      'NET_STALLED',
    );
  });

  it('may stall within a pack', async () => {
    const [listing] = await git.candidates({ url, version: '1.0' });
    git.server.trouble = (request, response) => {
      if (!isFetch(request)) return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.write('000dpackfile\n0009\x01PACK');
      return true;
    };
    const fault = await faultOf(git.fetch({ url, commit: listing!.commit }, { http: git.impatient }));
    assert.equal(fault.code, 'NET_STALLED');
  });

  it('may redirect to another host, which is never asked', async () => {
    const other = await GitServer.start(git.server.root);
    try {
      for (const target of [`http://localhost:${git.server.port}`, `http://127.0.0.1:${other.port}`]) {
        git.server.trouble = (request, response) => {
          if (request.headers.host?.startsWith('localhost') === true) assert.fail('it was asked');
          response.writeHead(302, { location: target + (request.url ?? '') }).end();
          return true;
        };
        const fault = await faultOf(git.candidates({ url, version: '1.0' }));
        assert.equal(fault.code, 'NET_STATUS');
        assert.match(fault.message, /Redirected to .* does not follow/);
      }
      assert.deepEqual(other.asked, []);
    } finally {
      await other.stop();
    }
  });

  it('may redirect within its host, and is followed', async () => {
    git.server.trouble = (request, response) => {
      if (!request.url!.startsWith('/moved/')) return false;
      response.writeHead(301, { location: request.url!.replace('/moved/', '/') }).end();
      return true;
    };
    const pin = await git.fetch({ url: git.server.url('moved/project'), version: '1.0' });
    assert.equal(pin.commit, repository.head);
  });

  it('may answer with a page, or with nothing of git', async () => {
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Sign in</p>'),
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
          .end('zzzz'),
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
          .end('000eversion 2\n'),
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
          .end('000eversion 2\n001cobject-format=sha256\n0000'.replace('001c', '0019')),
    ];
    for (const answer of answers) {
      git.server.trouble = (_, response) => {
        answer(response);
        return true;
      };
      assert.equal((await faultOf(git.candidates({ url, version: '1.0' }))).code, 'SOURCE_GIT_DAMAGED');
    }
  });

  it('may cut its list of refs off: what came does not count as all', async () => {
    git.server.tamper = (bytes) => bytes.subarray(0, bytes.length - 4);
    const fault = await faultOf(git.candidates({ url, version: '1.0' }));
    assert.equal(fault.code, 'SOURCE_GIT_DAMAGED');
    assert.match(fault.message, /truncated/);
  });

  it('may list names that no ref can have: they are passed over', async () => {
    const id = repository.head;
    const line = (text: string): string => (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text;
    git.server.trouble = (request, response) => {
      if (!isFetch(request)) return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.end(
        `${line(`${id} refs/tags/1.0\u001b[2J\n`)}${line(`${id} refs/tags/2.0\n`)}${line(`${id} refs/heads/3.0\n`)}0000`,
      );
      return true;
    };
    const found = await git.candidates({ url, version: '*' });
    assert.deepEqual(
      found.map(({ ref }) => ref),
      ['refs/tags/2.0'],
    );
  });

  it('may send a corrupt pack, wherever it is corrupt', async () => {
    const commit = repository.head;
    const flip = (at: number) => (bytes: Buffer) => {
      const pack = bytes.indexOf('PACK');
      const changed = Buffer.from(bytes);
      changed[pack + at]! ^= 0x41;
      return changed;
    };
    const tampers: ((bytes: Buffer) => Buffer)[] = [
      flip(0),
      flip(9),
      flip(40),
      flip(120),
      (bytes) => bytes.subarray(0, bytes.length - 30),
      (bytes) => Buffer.concat([bytes.subarray(0, bytes.length - 4), Buffer.from('0009\x01more0000')]),
    ];
    for (const tamper of tampers) {
      git.server.tamper = tamper;
      const fault = await faultOf(git.fetch({ url, commit }));
      assert.equal(fault.code, 'SOURCE_GIT_DAMAGED', fault.message);
      assert.match(fault.hint!, /again/);
    }
  });

  it('may send a pack that is whole, and holds another commit', async () => {
    const other = git.repository('other');
    other.commit({ evil: '1' });
    const answered = await fetch(git.server.url('other/git-upload-pack'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
      body: `0011command=fetch0001000fno-progress0032want ${other.head}\n000cdeepen 10009done\n0000`,
    });
    const bytes = Buffer.from(await answered.arrayBuffer());
    assert.ok(bytes.includes('PACK'));
    git.server.tamper = () => bytes;
    const fault = await faultOf(git.fetch({ url, commit: repository.head }));
    assert.equal(fault.code, 'SOURCE_GIT_DAMAGED');
    assert.match(fault.message, /is missing/);
  });

  it('may send a pack that unfolds into more than memory holds', async () => {
    const bomb = git.repository('bomb');
    writeFileSync(join(bomb.path, 'zeros'), Buffer.alloc(100 * 1024 * 1024));
    bomb.commit({ small: '1' });
    bomb.tag('1.0');
    const noGit = { env: { PATH: '/nonexistent' } };
    const fault = await faultOf(git.fetch({ url: git.server.url('bomb'), version: '1.0' }, noGit));
    assert.equal(fault.code, 'TOOL_MISSING');
    assert.match(fault.hint!, /apt-get install git/);
    const pin = await git.fetch({ url: git.server.url('bomb'), version: '1.0' });
    assert.ok(pin.archive.size > 100 * 1024 * 1024);
  });

  it('may not have the commit that is asked for', async () => {
    const fault = await faultOf(git.fetch({ url, commit: '1'.repeat(40) }));
    assert.equal(fault.code, 'SOURCE_REF_UNKNOWN');
    assert.equal(
      (await faultOf(git.candidates({ url: git.server.url('none'), version: '1' }))).code,
      'NET_NOT_FOUND',
    );
    assert.equal((await faultOf(git.candidates({ url: './none', version: '1' }))).code, 'NET_NOT_FOUND');
  });

  it('may be a repository of this machine whose objects were changed', async () => {
    const local = git.repository('local');
    const commit = local.commit({ 'a.txt': 'good\n' });
    const blob = local.git('rev-parse', `${commit}:a.txt`);
    const evil = local.object('blob', 'evil\n');
    const place = (id: string): string => join(local.path, '.git/objects', id.slice(0, 2), id.slice(2));
    local.git('cat-file', '-e', evil);
    chmodSync(place(blob), 0o644);
    copyFileSync(place(evil), place(blob));
    assert.equal((await faultOf(git.fetch({ url: local.path, commit }))).code, 'SOURCE_GIT_DAMAGED');
    // And where the system's git reads it: a linked worktree
    local.git('worktree', 'add', '-q', '--no-checkout', '--detach', join(git.folder, 'linked'), commit);
    const linked = join(git.folder, 'linked');
    assert.equal((await faultOf(git.fetch({ url: linked, commit }))).code, 'SOURCE_GIT_DAMAGED');
    const whole = git.repository('whole');
    const good = whole.commit({ 'a.txt': 'good\n' });
    whole.git('worktree', 'add', '-q', '--no-checkout', '--detach', join(git.folder, 'linked2'), good);
    assert.equal((await git.fetch({ url: join(git.folder, 'linked2'), commit: good })).commit, good);
  });
});

describe('a git tree that cannot be trusted', function () {
  this.timeout(60_000);
  let git: GitFetching;
  let nth = 0;

  before(async () => {
    git = await GitFetching.start();
    mkdirSync(join(git.folder, 'workspace'));
  });
  afterEach(async () => {
    const left = await git.leftovers();
    assert.deepEqual(left, [], 'nothing of a refused tree is kept');
  });
  after(() => git.stop());

  const fresh = (): GitRepository => git.repository(`hostile${(nth += 1)}`);
  const urlOf = (repository: GitRepository): string =>
    git.server.url(`hostile${nth}`) + (repository ? '' : '');

  /** The fault, by way of the network and of the folder itself. */
  async function refused(
    repository: GitRepository,
    branch = 'hostile',
  ): Promise<{ code: string; message: string }> {
    const web = await faultOf(git.fetch({ url: urlOf(repository), branch }));
    const local = await faultOf(git.fetch({ url: repository.path, branch }));
    // A server that is git's own may refuse to send it at all
    assert.ok([local.code, 'NET_STATUS'].includes(web.code), web.message);
    return local;
  }

  const names: [string, string | Buffer][] = [
    ['a newline', 'a\nb'],
    ['a name of git’s own', '.git'],
    ['the same in capital letters', '.GiT'],
    ['its short form', 'git~1'],
    ['the folder above', '..'],
    ['the folder itself', '.'],
    ['a slash', 'a/b'],
    ['no name', ''],
    ['no UTF-8', Buffer.from([0x61, 0xff])],
    ['an escape', 'a\u001b[2J'],
  ];
  for (const [what, name] of names) {
    it(`is refused with ${what} in it`, async () => {
      const repository = fresh();
      const blob = repository.object('blob', 'x');
      const inner = repository.tree([['100644', name, blob]]);
      repository.commitTree(repository.tree([['40000', 'sub', inner]]));
      const fault = await refused(repository);
      assert.equal(fault.code, 'DEB_UNSAFE_NAME');
      assert.ok(!fault.message.includes('\n') && !fault.message.includes('\u001b'));
    });
  }

  it('is refused with a name twice, or a mode that git has not', async () => {
    for (const entries of [
      [
        ['100644', 'a'],
        ['40000', 'a'],
      ],
      [['100755x', 'a']],
      [['20000', 'device']],
    ] as const) {
      const repository = fresh();
      const blob = repository.object('blob', 'x');
      const empty = repository.tree([]);
      repository.commitTree(
        repository.tree(
          entries.map(([mode, name]) => [mode, name, mode === '40000' ? empty : blob] as const),
        ),
      );
      assert.equal((await refused(repository)).code, 'SOURCE_GIT_DAMAGED');
    }
  });

  const links: [string, Record<string, ['link', string]>][] = [
    ['leaves it', { 'sub/link': ['link', '../../etc/passwd'] }],
    ['is absolute', { link: ['link', '/etc/passwd'] }],
    ['leaves it by way of another', { 'deep/up': ['link', '..'], out: ['link', 'deep/up/../x'] }],
    ['has a newline in it', { link: ['link', 'a\nb'] }],
  ];
  for (const [what, files] of links) {
    it(`is refused with a link that ${what}`, async () => {
      const repository = fresh();
      repository.commit(files);
      assert.equal((await refused(repository, 'master')).code, 'DEB_UNSAFE_NAME');
    });
  }

  it('is refused with a link of a submodule that leaves the whole tree', async () => {
    const inner = git.repository('linked');
    const commit = inner.commit({ link: ['link', '../../x'] });
    const repository = fresh();
    repository.submodule('sub', '../linked', commit);
    repository.commitIndex();
    assert.equal((await refused(repository, 'master')).code, 'DEB_UNSAFE_NAME');
  });

  const modules: [string, string, string][] = [
    ['a path that climbs', '[submodule "x"]\n\tpath = ../x\n\turl = ../x\n', 'DEB_UNSAFE_NAME'],
    ['an absolute path', '[submodule "x"]\n\tpath = /etc/x\n\turl = ../x\n', 'DEB_UNSAFE_NAME'],
    ['a path with a newline', '[submodule "x"]\n\tpath = "a\\nb"\n\turl = ../x\n', 'DEB_UNSAFE_NAME'],
    ['a path like an option', '[submodule "x"]\n\tpath = -u./payload\n\turl = ../x\n', 'DEB_UNSAFE_NAME'],
    ['a path into .git', '[submodule "x"]\n\tpath = .git/hooks\n\turl = ../x\n', 'DEB_UNSAFE_NAME'],
    ['a name that climbs', '[submodule "../../hooks"]\n\tpath = sub\n\turl = ../x\n', 'SOURCE_SUBMODULE'],
    ['an address like an option', '[submodule "x"]\n\tpath = sub\n\turl = -u./payload\n', 'SOURCE_SUBMODULE'],
    [
      'an address of this machine',
      '[submodule "x"]\n\tpath = sub\n\turl = file:///etc\n',
      'SOURCE_SUBMODULE',
    ],
    ['an absolute address', '[submodule "x"]\n\tpath = sub\n\turl = /srv/git/x\n', 'SOURCE_SUBMODULE'],
    ['a way of its own', '[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c id\n', 'SOURCE_SUBMODULE'],
    [
      'an account',
      '[submodule "x"]\n\tpath = sub\n\turl = https://me:pw@example.org/x\n',
      'SOURCE_SUBMODULE',
    ],
    [
      'an address above the host',
      '[submodule "x"]\n\tpath = sub\n\turl = ../../../../x\n',
      'SOURCE_SUBMODULE',
    ],
    [
      'a newline in the address',
      '[submodule "x"]\n\tpath = sub\n\turl = "https://example.org/a\\nb"\n',
      'SOURCE_SUBMODULE',
    ],
    ['a program to run', '[submodule "x"]\n\tpath = sub\n\turl = ../x\n\tupdate = !id\n', 'SOURCE_SUBMODULE'],
    ['two addresses', '[submodule "x"]\n\tpath = sub\n\turl = ../x\n\turl = ../y\n', 'SOURCE_SUBMODULE'],
    ['no address', '[submodule "x"]\n\tpath = other\n\turl = ../x\n', 'SOURCE_SUBMODULE'],
    ['what is no configuration', 'rm -rf /\n', 'SOURCE_SUBMODULE'],
  ];
  for (const [what, text, code] of modules) {
    it(`is refused with ${what} in .gitmodules`, async () => {
      const repository = fresh();
      repository.commit({ '.gitmodules': text });
      repository.gitlink('sub', '1'.repeat(40));
      repository.commitIndex();
      const fault = await faultOf(git.fetch({ url: urlOf(repository), branch: 'master' }));
      assert.equal(fault.code, code, fault.message);
    });
  }

  it('is refused with a .gitmodules that is a link', async () => {
    const repository = fresh();
    const text = repository.object('blob', '[submodule "x"]\n\tpath = sub\n\turl = ../x\n');
    const entries = [
      ['120000', '.gitmodules', repository.object('blob', 'other')],
      ['100644', 'other', text],
      ['160000', 'sub', '1'.repeat(40)],
    ] as const;
    repository.commitTree(repository.tree(entries));
    assert.equal((await refused(repository)).code, 'SOURCE_SUBMODULE');
  });

  it('is refused when it is endless: a tree that names itself many times at each of many levels', async () => {
    const repository = fresh();
    let tree = repository.tree([
      ['100644', 'f', repository.object('blob', createHash('sha1').digest('hex'))],
    ]);
    for (let level = 0; level < 8; level++) {
      tree = repository.tree(Array.from({ length: 10 }, (_, at) => ['40000', `d${at}`, tree] as const));
    }
    repository.commitTree(tree);
    const fault = await faultOf(git.fetch({ url: urlOf(repository), branch: 'hostile' }));
    assert.equal(fault.code, 'SOURCE_GIT_DAMAGED');
  });
});
