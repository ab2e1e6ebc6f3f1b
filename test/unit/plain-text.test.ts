import assert from 'node:assert/strict';
import { LockstepError } from '../../src/errors.js';
import { cleanJson, cleanLine, cleanText, withoutCredentials } from '../../src/plain-text.js';

const hostile = 'a\u001b[2Jb\u009bc\u202ed\r\u200b\u2028\ud800\u{e0041}';

describe('text from outside', () => {
  it('cannot command a terminal, nor turn or hide letters', () => {
    assert.equal(cleanText(hostile), 'a\\x1b[2Jb\\x9bc\\u202ed\\x0d\\u200b\\u2028\\ud800\\u{e0041}');
    assert.equal(cleanText('Taavi Väänänen\n\tx 漢字 🎉'), 'Taavi Väänänen\n\tx 漢字 🎉');
    assert.equal(cleanLine('a\n\tb'), 'a b');
  });

  it('stays the same value in JSON', () => {
    const value = { [hostile]: [hostile, 'plain', 1, null] };
    const text = cleanJson(value);
    assert.deepEqual(JSON.parse(text), value);
    assert.ok(!/[^\P{Cc}\n]|\p{Cf}|\u2028/u.test(text));
  });
});

describe('passwords in addresses', () => {
  const hidden: Readonly<Record<string, string>> = {
    'https://user:pw@host/x': 'https://***@host/x',
    'see "https://token@host/x", please': 'see "https://***@host/x", please',
    'http://user:p@w@host': 'http://***@host',
    'http://user:p/w?#@host/y': 'http://***@host/y',
    'git+https://user:pw@host/x#tag': 'git+https://***@host/x#tag',
    'mirror+http://a:b@c/ and ftp://d:e@f/': 'mirror+http://***@c/ and ftp://***@f/',
    'ssh://user:pw@host/x': 'ssh://***@host/x',
  };
  for (const [text, shown] of Object.entries(hidden)) {
    it(`are hidden: ${text}`, () => {
      assert.equal(withoutCredentials(text), shown);
      assert.equal(cleanText(shown), shown);
      assert.deepEqual(JSON.parse(cleanJson({ [text]: [text] })), { [shown]: [shown] });
    });
  }

  for (const text of [
    'ssh://git@host/x',
    'git@host:x',
    'https://host:8080/@scope/name',
    'https://host/@scope/name',
    'A <a@host>, https://host/x <b@host>',
    'https://host/x?mail=a@host',
  ]) {
    it(`are not in ${text}`, () => {
      assert.equal(withoutCredentials(text), text);
      assert.deepEqual(JSON.parse(cleanJson({ text })), { text });
    });
  }

  it('are in no part of a fault', () => {
    const address = 'http://user:secret@host/';
    const fault = new LockstepError('NET_STATUS', {
      message: `Status 500 from ${address}`,
      hint: `Ask ${address}`,
      where: [{ file: address, value: address, message: address, line: 3 }],
    });
    assert.ok(!JSON.stringify([fault.message, fault.stack, fault.hint, fault.where]).includes('secret'));
    assert.equal(fault.where[0]!.line, 3);
  });
});
