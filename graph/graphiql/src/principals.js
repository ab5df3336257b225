// Who can be asked as. The server hands out tokens in development only; elsewhere the list is empty and
// a token is typed.
import { typedToken } from "./token.js";

const response = await fetch("/graphql/principals");
export const principals = response.ok ? (await response.json()).map(named) : [];

// Called as the server's welcome and the README call them, by role and id ("merchant main"): a token's `sub`
// is the id of a merchant or customer, else the role.
function named({ role, token }) {
  const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const { sub } = JSON.parse(atob(claims));
  return { name: sub === role ? role : `${role} ${sub}`, role, token };
}

// The header of this page that names a principal. It is kept with the tab and never sent: tokens run out,
// names do not.
export function headersOf(principal) {
  return principal ? JSON.stringify({ As: principal.name }) : "{}";
}

export function principalOf(headers) {
  return principals.find(({ name }) => name === headers.As);
}

// What is sent in place of the header above. A token among the headers goes before all others.
export function authorized({ As, ...headers }) {
  const token = principalOf({ As })?.token ?? typedToken();
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...(token && { authorization: `Bearer ${token}` }), ...Object.fromEntries(given) };
}
