// The story by urql: queries and mutations over HTTP, subscriptions over a WebSocket.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { report, said, story } from './story.mjs';

const headers = { authorization: `Bearer ${said.token}` };
const socket = createClient({
  url: `ws://${said.address}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: headers,
});
const forwardSubscription = ({ query, variables }) => ({
  subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
});
const client = new Client({
  url: `http://${said.address}/graphql`,
  preferGetMethod: said.get ? 'force' : false,
  fetchOptions: { headers },
  exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
});

function read({ data, error }) {
  if (error) throw error;
  return data;
}

async function ask(document, variables) {
  const run = document.startsWith('mutation') ? client.mutation : client.query;
  return read(await run.call(client, document, variables).toPromise());
}

async function* listen(document, variables) {
  const results = [];
  let wake = () => {};
  client.subscription(document, variables).subscribe((result) => {
    results.push(result);
    wake();
  });
  for (;;) {
    while (results.length) yield read(results.shift());
    await new Promise((resolve) => (wake = resolve));
  }
}

report(await story({ ask, listen }));
