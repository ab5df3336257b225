// The token of whoever asks where nobody can be chosen. It is kept in memory only: the next visit asks again.
let typed = "";

export const typedToken = () => typed;

// With or without the "Bearer" that it is sent with.
export function typeToken(text) {
  typed = text.trim().replace(/^Bearer\s+/i, "");
}
