// The story as server-sent events in distinct connections mode, by the protocol's reference client.
import { createClient } from 'graphql-sse';
import { report, said, story } from './story.mjs';

const client = createClient({
  url: `http://${said.address}${said.path}`,
  headers: { authorization: `Bearer ${said.token}` },
  retryAttempts: 0,
});

async function* listen(query, variables) {
  for await (const { data, errors } of client.iterate({ query, variables })) {
    if (errors) throw new Error(JSON.stringify(errors));
    yield data;
  }
}

async function ask(query, variables) {
  // Read to its end: the client throws unless the stream ends with `complete`.
  const results = [];
  for await (const data of listen(query, variables)) results.push(data);
  return results[0];
}

const told = await story({ ask, listen });
const refused = [];
for await (const { errors } of client.iterate({ query: '{ nothing }' })) refused.push(errors[0].extensions.code);
report({ ...told, refused });
