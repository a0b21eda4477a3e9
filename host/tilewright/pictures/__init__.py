"""Pictures of networks, programs and results, for light and dark pages: a module each, ``style`` for all of them."""
