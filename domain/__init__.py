"""What an order is and how it may move: values and pure functions, standard library only."""
