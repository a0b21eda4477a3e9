"""From layers and networks to programs."""
