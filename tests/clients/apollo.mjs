// The story by Apollo Client: queries and mutations over HTTP, subscriptions over a WebSocket.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { report, said, story } from './story.mjs';

const headers = { authorization: `Bearer ${said.token}` };
const http = new HttpLink({ uri: `http://${said.address}/graphql`, headers, useGETForQueries: said.get });
const socket = new GraphQLWsLink(
  createClient({ url: `ws://${said.address}/graphql`, webSocketImpl: WebSocket, connectionParams: headers }),
);
const client = new ApolloClient({
  link: ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, socket, http),
  cache: new InMemoryCache(),
});

async function ask(document, variables) {
  const parsed = parse(document);
  const { data } = await (parsed.definitions[0].operation === 'mutation'
    ? client.mutate({ mutation: parsed, variables })
    : client.query({ query: parsed, variables }));
  return data;
}

async function* listen(document, variables) {
  const results = [];
  let wake = () => {};
  client.subscribe({ query: parse(document), variables }).subscribe((result) => {
    results.push(result);
    wake();
  });
  for (;;) {
    while (results.length) {
      const { data, error } = results.shift();
      if (error) throw error;
      yield data;
    }
    await new Promise((resolve) => (wake = resolve));
  }
}

report(await story({ ask, listen }));
