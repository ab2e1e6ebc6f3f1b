import assert from 'node:assert/strict';
import { cleanJson, cleanLine, cleanText } from '../../../../src/cli/render/plain-text.js';

const hostile = 'a\u001b[2Jb\u009bc\u202ed\r\u200b\u2028\u{e0041}';

describe('text from outside', () => {
  it('cannot command a terminal, nor turn or hide letters', () => {
    assert.equal(cleanText(hostile), 'a\\x1b[2Jb\\x9bc\\u202ed\\x0d\\u200b\\u2028\\u{e0041}');
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
