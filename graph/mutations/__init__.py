"""What people do, one file per mutation or close family. `graph.mutation` puts them together."""
