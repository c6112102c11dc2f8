// Reads OSC bundles with node-osc: `node node_osc_reader.cjs COUNT`. The first line printed is the port, the second the
// COUNT packets as JSON, in order: [[time tag, [[address, argument, ...], ...]], ...].
'use strict';

const { Server } = require('node-osc');

const count = Number(process.argv[2]);
const packets = [];
const server = new Server(0, '127.0.0.1', () => console.log(server.port));

server.on('error', (error) => {
  console.error(String(error));
  process.exit(1);
});
server.on('message', (message) => {
  console.error(`a message outside of a bundle: ${message[0]}`);
  process.exit(1);
});
server.on('bundle', (bundle) => {
  packets.push([bundle.timetag, bundle.elements]);
  if (packets.length === count) {
    console.log(JSON.stringify(packets));
    server.close(() => process.exit(0));
  }
});
