"""The Merchant Portal: a merchant's own merchant orders, and nothing of anybody else's."""
