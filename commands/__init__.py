"""The commands by theme, part of the composition root ``cli.py``; each module has ``register(app)``."""
