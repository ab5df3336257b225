// How the server ends sockets that break the protocol: {name of the protocol's close code: code}.
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { LISTEN, report, said } from './story.mjs';

const url = `ws://${said.address}/graphql`;
const init = { type: MessageType.ConnectionInit };
const subscribe = { id: '1', type: MessageType.Subscribe, payload: { query: '{ __typename }' } };

/** What the reference client would never send, sent raw: the code that the server closes with. */
function closed(...messages) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL);
    socket.on('open', () => messages.forEach((message) => socket.send(JSON.stringify(message))));
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

/** The code that ends a subscription of the reference client. */
function ended(options) {
  return new Promise((resolve) => {
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
    const sink = { next() {}, error: (event) => resolve(event.code), complete() {} };
    client.subscribe({ query: LISTEN }, sink);
    client.subscribe({ query: LISTEN }, sink);
  });
}

const found = {
  BadRequest: await closed({ type: 'nonsense' }),
  Unauthorized: await closed(subscribe),
  Forbidden: await ended({ connectionParams: { token: 'nonsense' } }),
  ConnectionInitialisationTimeout: await closed(),
  SubscriberAlreadyExists: await ended({
    connectionParams: { token: said.token },
    generateID: () => 'the same id',
  }),
  TooManyInitialisationRequests: await closed(init, init),
};
report({ found, expected: Object.fromEntries(Object.keys(found).map((name) => [name, CloseCode[name]])) });
