// The page: GraphiQL, with people to ask as where the server offers them (in development only), elsewhere with
// a field for a token.
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { AskAs } from "./ask-as.jsx";
import { tabs } from "./examples.js";
import { fetcher } from "./fetcher.js";
import { principals } from "./principals.js";
import { TokenField } from "./token-field.jsx";
import { WrappedLines } from "./wrapped-lines.jsx";

// With people to ask as the headers hold a name; elsewhere they may hold a token, which is not kept.
const named = principals.length > 0;

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs}
    defaultHeaders={tabs[0].headers}
    defaultEditorToolsVisibility={named && "variables"}
    shouldPersistHeaders={named}
  >
    <GraphiQL.Logo>
      {named ? <AskAs /> : <TokenField />}
      <WrappedLines />
    </GraphiQL.Logo>
  </GraphiQL>,
);
