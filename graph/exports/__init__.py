"""Exports: all orders, lines, history or events of a viewer as one file, streamed."""
