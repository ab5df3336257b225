"""Fixtures that every test may ask for: databases of each kind, and storage on them."""

pytest_plugins = [
    "tests.databases",
    "tests.stores",
    "tests.stocking",
    "tests.acting",
    "tests.still",
    "tests.authorization_world",
    "tests.authorization_questions",
]
