"""The storefront: a customer's own orders."""
