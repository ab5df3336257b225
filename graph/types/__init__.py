"""What the schema's output is made of, shared by all applications. Nothing here asks storage for orders."""
