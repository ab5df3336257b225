// Where a token is typed. What its holder may read of the schema is asked for again with it.
import { useGraphiQLActions } from "@graphiql/react";
import { typedToken, typeToken } from "./token.js";

export function TokenField() {
  const { introspect } = useGraphiQLActions();
  const take = ({ target }) => {
    const before = typedToken();
    typeToken(target.value);
    if (typedToken() !== before) introspect();
  };
  return (
    <label className="asking">
      Token <input placeholder="paste it here" autoComplete="off" spellCheck={false} onChange={take} />
    </label>
  );
}
