// A list of people to ask as; it writes into the tab's headers and reads from them.
import { useGraphiQL } from "@graphiql/react";
import { headersOf, principalOf, principals } from "./principals.js";

export function AskAs() {
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const headers = useGraphiQL((state) => state.tabs[state.activeTabIndex].headers);
  const current = principalOf(read(headers));
  const ask = (event) => headerEditor.setValue(headersOf(principals[event.target.value]));
  return (
    <label className="asking">
      Ask as{" "}
      <select value={principals.indexOf(current)} onChange={ask}>
        <option value={-1}>whom the headers say</option>
        {principals.map(({ name }, index) => (
          <option key={name} value={index}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function read(headers) {
  try {
    return JSON.parse(headers) ?? {};
  } catch {
    return {}; // half typed
  }
}
