// A socket that is cut, and a subscription that goes on where it was: [event before, event meanwhile].
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CURSOR, LISTEN, PLACE, firstChange, report, said } from './story.mjs';

let socket;
const client = createClient({
  url: `ws://${said.address}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { token: said.token },
  retryAttempts: 0,
  on: { opened: (opened) => (socket = opened) },
});

async function ask(query, variables) {
  const response = await fetch(`http://${said.address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${said.token}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()).data;
}

async function* listen(variables) {
  for await (const { data } of client.iterate({ query: LISTEN, variables })) yield data;
}

const { events } = await ask(CURSOR);
const results = listen({ after: events.cursor });
const before = await ask(PLACE, { reference: 'before the cut' });
const first = (await nextChange(results));
socket.terminate();
const cut = await results.next().then(() => null, (event) => event.code);
const meanwhile = await ask(PLACE, { reference: 'while nobody listened' });
const second = await firstChange(listen({ after: first.cursor }));
report({
  cut,
  placed: [before, meanwhile].map(({ placeOrder }) => placeOrder.order.id),
  heard: [first, second].map(({ order }) => order.id),
});

/** As `firstChange`, without ending the subscription. */
async function nextChange(iterator) {
  for (;;) {
    const { value } = await iterator.next();
    if (value.orderEvents.__typename === 'OrderStateChanged') return value.orderEvents;
  }
}
