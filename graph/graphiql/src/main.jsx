// The page: GraphiQL, with people to ask as where the server offers them (in development only).
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { AskAs } from "./ask-as.jsx";
import { tabs } from "./examples.js";
import { fetcher } from "./fetcher.js";
import { principals } from "./principals.js";
import { WrappedLines } from "./wrapped-lines.jsx";

// With people to ask as the headers hold a name; elsewhere they hold a token, which is not kept.
const named = principals.length > 0;

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs}
    defaultHeaders={tabs[0].headers}
    defaultEditorToolsVisibility={named ? "variables" : "headers"}
    shouldPersistHeaders={named}
  >
    <GraphiQL.Logo>
      <AskAs />
      <WrappedLines />
    </GraphiQL.Logo>
  </GraphiQL>,
);
