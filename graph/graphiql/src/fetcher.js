// How an operation reaches the server: subscriptions over the WebSocket, everything else by POST.
// Both carry the token of the tab's headers.
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import { authorized } from "./principals.js";

const KEPT = 50;
const SCHEMA = "IntrospectionQuery"; // what the page itself asks

export function fetcher({ query, variables, operationName }, { headers = {} } = {}) {
  const operation = chosen(query, operationName);
  const send = operation?.operation === "subscription" ? subscribe : post;
  return send({ query, variables, operationName: operation?.name?.value }, authorized(headers));
}

// The name that the page gives is a moment old: when something was just pasted, it is that of what was there
// before. A single operation is meant whatever it is called.
function chosen(query, operationName) {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document);
  } catch {
    return undefined; // the server says what is wrong with it
  }
}

async function post(params, headers) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: JSON.stringify(params),
  });
  const answer = await response.json();
  return params.operationName === SCHEMA && answer.errors ? saidOnce(answer) : answer;
}

// The schema is refused at each field that the page asks for. `data` tells it not to ask another way.
function saidOnce({ errors: [{ message }] }) {
  return { data: null, errors: [{ message }] };
}

// A socket for each subscription: a socket belongs to one token, and each tab may have its own.
async function* subscribe(params, { authorization }) {
  const client = createClient({
    url: new URL("/graphql", location.href.replace(/^http/, "ws")).href,
    connectionParams: authorization && { authorization },
    retryAttempts: 0,
  });
  const events = [];
  try {
    for await (const event of client.iterate(params)) {
      // The page shows one result at a time, and a change is soon followed by the next: newest first.
      events.unshift(event);
      events.length = Math.min(events.length, KEPT);
      yield { events };
    }
  } catch (error) {
    const message = error.reason || error.message || `The connection was lost (${error.code}): run it again.`;
    yield { errors: Array.isArray(error) ? error : [{ message }], events };
  } finally {
    client.dispose();
  }
}
