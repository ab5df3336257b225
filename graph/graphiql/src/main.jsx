// The page: GraphiQL, with people to ask as where the server offers them (in development only).
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { AskAs } from "./ask-as.jsx";
import { examples } from "./examples.js";
import { fetcher } from "./fetcher.js";
import { headersOf, principals } from "./principals.js";

const tabs = examples.map(({ role, query }) => ({
  query,
  headers: headersOf(principals.find((principal) => principal.role === role)),
}));

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs}
    defaultHeaders={tabs[0].headers}
    defaultEditorToolsVisibility="headers"
    // With people to ask as the headers hold a name; elsewhere they hold a token, which is not kept.
    shouldPersistHeaders={principals.length > 0}
  >
    <GraphiQL.Logo>
      <AskAs />
    </GraphiQL.Logo>
  </GraphiQL>,
);
