// The story over one WebSocket, by the protocol's reference client.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { report, said, story } from './story.mjs';

const client = createClient({
  url: `ws://${said.address}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { token: said.token },
  retryAttempts: 0,
});

async function* listen(query, variables) {
  for await (const { data, errors } of client.iterate({ query, variables })) {
    if (errors) throw new Error(JSON.stringify(errors));
    yield data;
  }
}

async function ask(query, variables) {
  for await (const data of listen(query, variables)) return data;
}

report(await story({ ask, listen }));
