"""Kill a random process of a random operation at a random moment, recover as documented, and check what must hold."""
