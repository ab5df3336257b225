// GraphiQL in a browser, used as people use it. Each visit tells what was read on the page, what went wrong
// there and whatever was asked of the network.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { report, said } from './story.mjs';

const HELD_BACK = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const RUN = '.graphiql-execute-button';

const visits = { explore, watch, type, unbuilt };

const browser = await chromium.launch({ executablePath: said.browser, args: HELD_BACK });
const context = await browser.newContext({
  viewport: { width: 1280, height: 1400 },
});
context.setDefaultTimeout(20_000);
const asked = [];
const wrong = [];
context.on('request', (request) => asked.push(request.url()));
context.on('weberror', (event) => wrong.push(event.error().message));
context.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
await context.exposeFunction('told', (violation) => wrong.push(violation));
await context.addInitScript(() =>
  addEventListener('securitypolicyviolation', (event) => window.told(`${event.violatedDirective} ${event.blockedURI}`)),
);
const page = await context.newPage();
page.on('websocket', (socket) => asked.push(socket.url()));

try {
  await page.goto(`http://${said.address}/graphql`);
  const told = await visits[said.visit]();
  report({ ...told, asked, wrong });
} catch (error) {
  await picture('failed');
  console.error(await page.locator('body').innerText(), wrong);
  throw error;
} finally {
  await browser.close();
}

/** Looks around as the marketplace and then as somebody else; reads in the documentation. */
async function explore() {
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  await picture('opened');
  const tabs = [];
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    tabs.push({
      name: await tab.innerText(),
      who: await asking().locator('option:checked').innerText(),
      shown: await written('.graphiql-query-editor'),
    });
  }

  await page.getByRole('button', { name: 'New tab' }).click();
  await write('{ viewer { role merchantId } }');
  const first = await answer();
  await picture('answered');
  await asking().selectOption({ label: said.then });
  const then = await answer();

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  const docs = page.locator('.graphiql-doc-explorer');
  await docs.getByRole('link', { name: 'Mutation', exact: true }).click();
  await docs.getByRole('link', { name: 'placeOrder', exact: true }).click();
  await docs.getByText('Arguments').first().waitFor();
  await picture('documented');
  return { tabs, first, then, docs: await docs.innerText() };
}

/** Runs the marketplace's example of a subscription while an order is placed and paid elsewhere. */
async function watch() {
  await chosen('Watch');
  const started = await read(({ events }) => events);
  const [place, pay] = said.doings;
  const { reference } = (await ask(place)).placeOrder.order;
  await read((shown) => changes(shown, reference).length === 1);
  await ask(pay);
  const heard = changes(await read((shown) => changes(shown, reference).length === 2), reference);
  await picture('watched');
  await page.getByRole('button', { name: /^Stop/ }).click();
  await page.getByRole('button', { name: /^Execute/ }).waitFor();
  return { started, heard };
}

/** Without people to ask as: asks, types a token, asks again, and comes back later. */
async function type() {
  const refused = await read(({ errors }) => errors);
  await picture('empty');
  const tabs = await page.getByRole('tab').allInnerTexts();
  await chosen('Start');
  const without = await read(({ errors }) => errors);
  await page.getByLabel('Token').fill(said.token);
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-doc-explorer').getByRole('link', { name: 'Mutation', exact: true }).waitFor();
  await chosen('Start');
  const having = await read(({ data }) => data?.viewer);
  await picture('typed');
  await chosen('Watch');
  const heard = await read(({ events }) => events);

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  await page.reload();
  const later = await page.getByLabel('Token').inputValue();
  return { refused, tabs, without, having, heard, kept, later };
}

async function unbuilt() {
  await picture('unbuilt');
  return { text: await page.locator('body').innerText() };
}

function asking() {
  return page.getByLabel('Ask as');
}

/** Types over what the editor holds, as people do: the editor closes brackets and offers what may follow. */
async function write(query) {
  await page.locator('.graphiql-query-editor .view-lines').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(query);
  await page.waitForTimeout(250); // until the menu of what may follow is there
  await page.keyboard.press('Escape');
}

/** What a run of the one operation in the editor gives. */
async function answer() {
  await Promise.all([page.waitForResponse(/graphql$/), page.locator(RUN).click()]);
  return read(({ data }) => data);
}

/** Runs the operation of this name among those of the tab, once the page has found them. */
async function chosen(name) {
  await page.locator(`${RUN}[aria-haspopup=menu]`).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
}

/** The answer on the page once it is whole and as wanted; what holds more than fits is never whole. */
async function read(wanted) {
  for (let tries = 0; tries < 400; tries += 1) {
    const shown = parsed(await written('.graphiql-response'));
    if (shown && wanted(shown)) return shown;
    await page.waitForTimeout(50);
  }
  throw new Error(`The page shows ${await written('.graphiql-response')}`);
}

/** What the page tells of this order, the oldest first. */
function changes({ events }, reference) {
  return events
    .map(({ data }) => data.orderEvents)
    .filter(({ order }) => order?.reference === reference)
    .toReversed();
}

/** What an editor shows, line by line from the top; the editor keeps them in another order. */
function written(editor) {
  return page.locator(`${editor} .view-line`).evaluateAll((lines) =>
    lines
      .sort((one, other) => one.offsetTop - other.offsetTop)
      .map((line) => line.textContent.replaceAll('\u00a0', ' '))
      .join('\n'),
  );
}

function parsed(text) {
  try {
    return JSON.parse(text.replaceAll('\n', ''));
  } catch {
    return undefined; // half shown
  }
}

/** Data from the API itself, by the side of the page. */
async function ask(query) {
  const response = await fetch(`http://${said.address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${said.token}` },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

function picture(name) {
  return page.screenshot({ path: join(said.pictures, `${said.visit}-${name}.png`) });
}
