import assert from 'node:assert/strict';
import { memberName } from '../../../src/deb/member-name.js';
import { MemberTree } from '../../../src/deb/member-tree.js';
import { TarFault, type TarHeader } from '../../../src/deb/tar-header.js';

type Member = [path: string, kind: TarHeader['kind'], target?: string];

describe('the members of one package', () => {
  const refusal = (members: readonly Member[], removed: readonly string[] = []): string => {
    const tree = new MemberTree(removed.map((path) => memberName(path)));
    try {
      for (const [path, kind, target] of members) {
        const linkTarget = target === undefined ? undefined : memberName(target);
        tree.add({ path: memberName(path), kind, linkTarget } as unknown as TarHeader);
      }
    } catch (error) {
      assert.ok(error instanceof TarFault);
      return error.message;
    }
    return '';
  };

  it('are in folders that came before them, or that every system has', () => {
    assert.equal(
      refusal([
        ['./', 'dir'],
        ['./usr/bin/x', 'file'],
        ['./usr/share/x/', 'dir'],
        ['./usr/share/x/a', 'file'],
        ['./usr/share/x/b', 'hardlink', './usr/share/x/a'],
        ['./usr/share/x/c', 'hardlink', './usr/share/x/b'],
        ['./usr/share/x/d', 'symlink', 'a'],
      ]),
      '',
    );
    assert.match(refusal([['usr/share/x/a', 'file']]), /"usr\/share\/x", which is not a member before it/);
    assert.match(
      refusal([
        ['opt/x', 'symlink', 'y'],
        ['opt/x/a', 'file'],
      ]),
      /is in "opt\/x", which is a link/,
    );
    assert.match(
      refusal([
        ['opt/x', 'file'],
        ['opt/x/a', 'file'],
      ]),
      /is in "opt\/x", which is not a folder/,
    );
  });

  it('have one name each, and none that conffiles removes', () => {
    assert.match(
      refusal([
        ['./etc/a', 'file'],
        ['etc/a', 'file'],
      ]),
      /it has two members "etc\/a"/,
    );
    assert.match(refusal([['etc/a', 'file']], ['/etc/a']), /its conffiles file removes "etc\/a"/);
  });

  it('are linked to files that came before them', () => {
    assert.match(refusal([['opt/b', 'hardlink', 'opt/a']]), /a hard link to "opt\/a", which is not a member/);
    assert.match(
      refusal([
        ['opt/a', 'dir'],
        ['opt/b', 'hardlink', 'opt/a'],
      ]),
      /which is not a file/,
    );
  });
});
