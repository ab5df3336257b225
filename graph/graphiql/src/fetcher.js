// How an operation reaches the server: subscriptions over the WebSocket, everything else by POST.
// Both carry the token of the tab's headers.
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";
import { authorized } from "./principals.js";

const KEPT = 50;

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
    headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
    body: JSON.stringify(params),
  });
  return response.json();
}

// A socket for each subscription: a socket belongs to one token, and each tab may have its own.
async function* subscribe(params, { Authorization }) {
  const client = createClient({
    url: new URL("/graphql", location.href.replace(/^http/, "ws")).href,
    connectionParams: Authorization && { authorization: Authorization },
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
