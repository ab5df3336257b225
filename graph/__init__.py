"""The GraphQL API and the command line: everything a person or a program talks to."""
