"""Orders in MongoDB: one document, one write; the feed, deadlines and commands beside it."""
