// A merchant's portal on the command line: `orders`, `ship REFERENCE`, `listen [FILE]`.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Away, Refused, ask, events } from './api.js';
import { order, orders, ship, type Ship } from './operations.js';

/** A line per order with its buttons: [possible], or (not possible: why). */
async function showOrders(): Promise<void> {
  const { merchant } = await ask(orders, { first: 5 });
  for (const { reference, version, status, availableActions } of merchant?.orders.nodes ?? []) {
    const buttons = availableActions.map(({ label, enabled, reason }) =>
      enabled ? `[${label}]` : `(${label}: ${reason?.message})`,
    );
    console.log(`${reference} v${version}  ${status?.label ?? '-'}  ${buttons.join(' ')}`);
  }
}

/** Ship what can be shipped, unless somebody changed the order since it was read. */
async function shipOrder(reference: string): Promise<void> {
  const read = (await ask(order, { by: { reference } })).merchant?.order;
  if (!read) throw new Refused('There is no such order.');
  const input = { order: { reference }, expectedVersion: read.version, carrier: 'DHL', trackingNumber: 'JD014600' };
  const { shipLines } = await ask(ship, { input });
  for (const { sku, quantity, status } of shipLines.moved) console.log(`${quantity} × ${sku}  ${status?.label}`);
  for (const { sku, status } of shipLines.skipped) console.log(`${sku} was so before: ${status?.label}`);
  for (const error of shipLines.errors) console.log(advice(error));
}

/** What the person should do about an error. */
function advice(error: Ship['shipLines']['errors'][number]): string {
  switch (error.__typename) {
    case 'VersionConflict':
      return `Changed meanwhile (version ${error.actual}): look at it again.`;
    case 'TransitionNotAllowed':
      return `${error.message} Possible now: ${error.available.join(', ') || 'nothing'}.`;
    default:
      return error.message;
  }
}

/** Print what happens; the cursor is kept once its event is printed, so the next run goes on there. */
async function follow(file: string): Promise<void> {
  for await (const event of events(existsSync(file) ? readFileSync(file, 'utf8') : null)) {
    if (event.__typename === 'OrderStateChanged')
      console.log(`${event.order.reference} ${event.seq} ${event.event}  ${event.labels.map(({ label }) => label)}`);
    writeFileSync(`${file}.new`, event.cursor);
    renameSync(`${file}.new`, file); // a crash leaves the old cursor or the new one
  }
}

const [command, argument] = process.argv.slice(2);
try {
  if (command === 'orders') await showOrders();
  else if (command === 'ship' && argument) await shipOrder(argument);
  else if (command === 'listen') await follow(argument ?? 'cursor.txt');
  else throw new Refused('orders | ship REFERENCE | listen [FILE]');
} catch (error) {
  if (!(error instanceof Refused || error instanceof Away)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
