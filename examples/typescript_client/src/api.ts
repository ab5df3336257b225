// One request by fetch, and the subscription by graphql-ws, which goes on where it was.
import { randomUUID } from 'node:crypto';
import { createClient, type SubscribePayload } from 'graphql-ws';
import WebSocket from 'ws';
import { listen, type Listen, type Operation } from './operations.js';

const url = `${process.env.ORDERFLOW_URL ?? 'http://127.0.0.1:8000'}/graphql`;
const token = process.env.ORDERFLOW_TOKEN ?? '';

/** The close code for a token that is refused, ran out or was taken back. */
const FORBIDDEN = 4403;

/** What the server has against a request: the page cannot go on as it is. */
export class Refused extends Error {}

/** No answer came, however often it was asked. */
export class Away extends Error {}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The data of one operation. A mutation that was not heard is sent again under the same key. */
export async function ask<Data, Variables>(
  { query }: Operation<Data, Variables>,
  variables: Variables,
  attempts = 5,
): Promise<Data> {
  const request = {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
      'Idempotency-Key': randomUUID(),
    },
    body: JSON.stringify({ query, variables }),
  };
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, request);
      if (response.status < 500) {
        const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
        if (errors || !data) throw new Refused(errors?.map(({ message }) => message).join('\n'));
        return data;
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    if (attempt === attempts) throw new Away(`${url} cannot be reached.`);
    await pause(100 * 2 ** attempt);
  }
}

/** What happens, for ever, from the cursor on; whatever is lost in between, without a gap or a repetition. */
export async function* events(after: string | null): AsyncGenerator<Listen['orderEvents']> {
  for (let wait = 100, told = false; ; wait = Math.min(2 * wait, 10_000)) {
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { token },
      retryAttempts: 0, // it would subscribe with the old cursor again
    });
    try {
      const payload: SubscribePayload = { query: listen.query, variables: { after } };
      for await (const { data, errors } of client.iterate<Listen>(payload)) {
        if (errors || !data) throw new Refused(errors?.map(({ message }) => message).join('\n'));
        yield data.orderEvents;
        after = data.orderEvents.cursor;
        wait = 100;
        told = false;
      }
    } catch (lost) {
      if (lost instanceof Refused) throw lost;
      if (Array.isArray(lost)) throw new Refused(lost.map(({ message }) => message).join('\n'));
      if (lost instanceof Object && 'code' in lost && lost.code === FORBIDDEN)
        throw new Refused('reason' in lost ? String(lost.reason) : 'The token is refused.');
    } finally {
      await client.dispose();
    }
    if (!told) console.error(`${url} cannot be reached, trying again.`);
    told = true;
    await pause(wait);
  }
}
