// One story that every client plays: listen, place an order, hear of it, read it.

const EVENT = `... on OrderStateChanged { cursor event order { id } }`;

export const CURSOR = `query Cursor { events(first: 1) { cursor } }`;
export const PLACE = `mutation Place($reference: String!) { placeOrder(input: {
  currency: "EUR", externalReference: $reference,
  customer: { id: "c1", name: "Anna Berg", email: "anna@example.org" },
  lines: [{ sku: "A-1", name: "A", merchantId: "m1", quantity: 1, unitPrice: "10.00" }]
}) { order { id reference } errors { message } } }`;
export const READ = `query Read($id: ID!) { marketplace { order(by: { id: $id }) { id externalReference } } }`;
export const LISTEN = `subscription Listen($after: Cursor) { orderEvents(after: $after) { __typename ${EVENT} } }`;

/** What the test says: `{address, token, …}`. */
export const said = JSON.parse(process.argv[2]);

/** The HTTP methods of the queries and mutations, in order. */
const methods = [];
const { fetch } = globalThis;
globalThis.fetch = (url, options) => {
  methods.push(options?.method ?? 'GET');
  return fetch(url, options);
};

/** Hands the result to the test and ends, whatever the client still keeps open. */
export function report(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

/** The first change that the subscription tells; `results` are the data of its events, one by one. */
export async function firstChange(results) {
  for await (const { orderEvents } of results) {
    if (orderEvents.__typename === 'OrderStateChanged') return orderEvents;
  }
  throw new Error('The subscription ended without an event.');
}

/** `ask(document, variables)` promises an answer's data, `listen` gives those of events one by one. */
export async function story({ ask, listen }) {
  const { events } = await ask(CURSOR, {});
  const heard = firstChange(listen(LISTEN, { after: events.cursor }));
  const reference = `from ${said.client}`;
  const { placeOrder } = await ask(PLACE, { reference });
  const { marketplace } = await ask(READ, { id: placeOrder.order.id });
  return { placed: placeOrder, read: marketplace.order, heard: await heard, methods };
}
