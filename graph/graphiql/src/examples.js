// What a first visit shows: a tab for each role that can be asked as, or one to start with where a token has
// to be typed. Later visits show the tabs as they were left. tests/test_graphiql_examples.py reads the files.
import customer from "./examples/customer.graphql?raw";
import logistics from "./examples/logistics.graphql?raw";
import marketplace from "./examples/marketplace.graphql?raw";
import merchant from "./examples/merchant.graphql?raw";
import payments from "./examples/payments.graphql?raw";
import start from "./examples/start.graphql?raw";
import { headersOf, principals } from "./principals.js";

const order = { reference: "…" };
const examples = [
  { role: "marketplace", query: marketplace },
  { role: "merchant", query: merchant, variables: { order, line: "…", after: null } },
  { role: "customer", query: customer, variables: { order } },
  { role: "payments", query: payments, variables: { order, refund: "…", command: "…" } },
  { role: "logistics", query: logistics, variables: { order } },
];

const offered = examples.flatMap(({ role, query, variables }) => {
  const principal = principals.find((each) => each.role === role);
  return principal
    ? { query, variables: JSON.stringify(variables, null, 2), headers: headersOf(principal) }
    : [];
});

export const tabs = offered.length > 0 ? offered : [{ query: start }];
