// Long lines go on below: the editor is half a window wide, and what is pasted often is not.
import { useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

export function WrappedLines() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => queryEditor?.updateOptions({ wordWrap: "on" }), [queryEditor]);
  return null;
}
