/**
 * Serves a folder of repositories as `git http-backend` does, until it is ended:
 * `node --import tsx scripts/bench/git-serve.mjs FOLDER` prints its address.
 */
import { GitServer } from '../../test/fixtures/git-server.ts';

const server = await GitServer.start(process.argv[2]);
process.stdout.write(`${server.url('')}\n`);
