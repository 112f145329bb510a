"""Work that takes many fits or simulations; may import all rooms but reporting and cli."""
