/**
 * Load on a wiki from a process of its own: so many connections, each with one request at a time, for so many
 * seconds. The job comes as JSON on stdin: `{ origin, connections, seconds, cookie, requests }`, where a request is
 * `{ method, path, form }` and `{n}` in a path or form stands for a number that is never used twice. Prints
 * `{ done, failed, seconds }`.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { URLSearchParams } from 'node:url';

const { origin, connections, seconds, cookie, requests } = JSON.parse(readFileSync(0, 'utf8'));
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const unique = `${process.pid}-`;
let number = 0;
let done = 0;
const failed = {};

function ask({ method = 'GET', path, form }) {
  const filled = (text) => text.replaceAll('{n}', `${unique}${(number += 1)}`);
  const body =
    form === undefined
      ? undefined
      : filled(new URLSearchParams(form).toString().replaceAll('%7Bn%7D', '{n}'));
  const headers = {
    ...(cookie === undefined ? {} : { cookie }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve) => {
    const outgoing = request(`${origin}${filled(path)}`, { method, headers, agent }, (incoming) => {
      let text = '';
      incoming.on('data', (piece) => (text = text.length < 4000 ? text + piece : text));
      incoming.on('end', () => {
        const good = incoming.statusCode === 200 && !(method === 'POST' && /"error"/.test(text));
        resolve(good ? undefined : `${incoming.statusCode} ${text.slice(0, 120)}`);
      });
    });
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.end(body);
  });
}

const started = performance.now();
const end = started + seconds * 1000;
await Promise.all(
  Array.from({ length: connections }, async (_, connection) => {
    for (let at = connection; performance.now() < end; at += 1) {
      const fault = await ask(requests[at % requests.length]);
      if (fault === undefined) done += 1;
      else failed[fault] = (failed[fault] ?? 0) + 1;
    }
  }),
);
const took = (performance.now() - started) / 1000;
process.stdout.write(JSON.stringify({ done, failed, seconds: took }));
process.exit(0);
