// Sends OSC with node-osc: `node node_osc_writer.cjs PORT`, what to send as JSON on stdin: a list of messages
// [address, argument, ...] and of bundles {"bundle": [message, ...]}.
'use strict';

const { Bundle, Client } = require('node-osc');

(async () => {
  const client = new Client('127.0.0.1', Number(process.argv[2]));
  for (const one of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {
    await client.send(one.bundle ? new Bundle(...one.bundle) : one);
  }
  await client.close();
})();
